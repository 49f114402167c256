import t from 'tap';
import {createAside} from '../../agent/runtime/aside.ts';
import {keptLog} from '../support/log.ts';

const never = new AbortController().signal;

t.test('work that fails keeps nothing back, and is told once until it goes well', async t => {
  const {log, lines} = keptLog();
  const aside = createAside(log, 'the bell does not ring');
  const fail = () => Promise.reject(new Error('no rope'));
  await aside(fail, never);
  await aside(fail, never);
  t.equal(lines.length, 1);
  t.match(JSON.stringify(lines), /the bell does not ring: .*no rope/);
  await aside(async () => undefined, never);
  await aside(fail, never);
  t.equal(lines.length, 2);
});

t.test('what fails because it is ended is not told', async t => {
  const {log, lines} = keptLog();
  await createAside(log, 'it')(() => Promise.reject(new Error('ended')), AbortSignal.abort());
  t.same(lines, []);
});
