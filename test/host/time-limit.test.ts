import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import t from 'tap';
import {withTimeLimit} from '../../agent/host/time-limit.ts';

const never = new AbortController().signal;
const hang = (signal: AbortSignal) => sleep(60_000, 'too late', {signal});
const timers = () => process.getActiveResourcesInfo().filter(each => each === 'Timeout').length;

t.test('work that ends in time is not touched, and leaves no timer behind', async t => {
  const before = timers();
  let seen: AbortSignal | undefined;
  const work = async (signal: AbortSignal) => {
    seen = signal;
    t.equal(timers(), before + 1);
    return 'done';
  };
  t.equal(await withTimeLimit({timeoutMs: 60_000}, work, never), 'done');
  t.equal(timers(), before);
  t.equal(seen?.aborted, false);
  const failing = async () => {
    throw new Error('it failed');
  };
  await t.rejects(withTimeLimit({timeoutMs: 60_000, late: () => new Error('late')}, failing, never), {
    message: 'it failed',
  });
  t.equal(timers(), before);
});

t.test('work that takes too long is ended, and fails as is said', async t => {
  let why: unknown;
  const work = async (signal: AbortSignal) => {
    signal.addEventListener('abort', () => {
      why = signal.reason;
    });
    return hang(signal);
  };
  const late = (error: unknown) => new Error('no answer', {cause: error});
  await t.rejects(withTimeLimit({timeoutMs: 5, late}, work, never), {
    message: 'no answer',
    cause: {name: 'AbortError'},
  });
  t.match(why, {name: 'TimeoutError'});
  await t.rejects(withTimeLimit({timeoutMs: 5}, work, never), {name: 'AbortError'});
});

t.test("a caller's own abort is passed on, whatever the work throws", async t => {
  const stop = new AbortController();
  const stopped = new Error('stopped');
  const work = async (signal: AbortSignal) => {
    stop.abort(stopped);
    return hang(signal);
  };
  await t.rejects(
    withTimeLimit({timeoutMs: 60_000, late: () => new Error('late')}, work, stop.signal),
    stopped,
  );
  const untouched = async () => t.fail('it was begun');
  await t.rejects(withTimeLimit({timeoutMs: 60_000}, untouched, stop.signal), stopped);
});
