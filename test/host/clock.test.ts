import t from 'tap';
import {systemClock as clock} from '../../agent/host/clock.ts';

const never = new AbortController().signal;

t.test('a sleep is as long as was asked for, and ends with the signal', async t => {
  const began = clock.elapsed();
  await clock.sleep(20, never);
  t.ok(clock.elapsed() - began >= 15);
  const stop = new AbortController();
  const slept = clock.sleep(60_000, stop.signal);
  stop.abort(new Error('enough'));
  await slept;
  await clock.sleep(60_000, stop.signal);
});

t.test('what is put off is done once, unless it is called off', async t => {
  const {promise, resolve} = Promise.withResolvers<void>();
  let wrong = 0;
  const cancel = clock.after(1, () => {
    wrong += 1;
  });
  cancel();
  clock.after(5, resolve);
  await promise;
  t.equal(wrong, 0);
});

t.test('the moment is that of the machine, and chance is between nothing and one', t => {
  t.ok(Math.abs(clock.now() - Date.now()) < 10_000);
  for (let n = 0; n < 100; n += 1) {
    const drawn = clock.random();
    t.ok(drawn >= 0 && drawn < 1);
  }
  t.end();
});
