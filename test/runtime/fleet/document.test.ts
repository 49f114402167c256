import t from 'tap';
import {createDocument} from '../../../agent/runtime/fleet/document.ts';
import {openStore} from '../../../agent/store/open.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const never = new AbortController().signal;
const KEY = 'web/production/ledger';

t.test('what somebody else wrote is never written over', async t => {
  const store = await openStore({kind: 'directory', path: await temporaryFolder(t)});
  t.teardown(() => store.close());
  const document = createDocument({store}, KEY);
  t.equal(await document.read(never), null);
  const first = await document.write('a', null, never);
  t.match(first, {key: KEY, value: 'a'});
  const read = await document.read(never);
  t.same(read, first);
  await store.put(KEY, "an operator's", 'any', never);
  t.equal(await document.write('b', read, never), false);
  t.equal(await document.write('b', null, never), false);
  t.match(await document.read(never), {value: "an operator's"});
});
