import process from 'node:process';
import {openStore} from '../../agent/store/open.ts';

/** A process that adds one to the key `count`, as often as it is told, by compare-and-set. */
const [path = '', times = '0'] = process.argv.slice(2);
const never = new AbortController().signal;
const store = await openStore({kind: 'directory', path});
for (let done = 0; done < Number(times); ) {
  const entry = await store.get('web/count', never);
  const expected = entry ? {version: entry.version} : 'absent';
  if ((await store.put('web/count', String(Number(entry?.value ?? 0) + 1), expected, never)).ok) done += 1;
}
await store.close();
