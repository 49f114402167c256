import {setTimeout as sleep} from 'node:timers/promises';
import t from 'tap';
import type {State} from '../../../agent/core/host/state.ts';
import {reason} from '../../../agent/core/reason.ts';
import {reasonOf} from '../../../agent/core/reason-error.ts';
import {tellWhileWaiting} from '../../../agent/host/blocker.ts';
import {createBlockers} from '../../../agent/runtime/health/blockers.ts';

const staging = {phase: 'staging'} as State;
const throttled = (seconds: number) => reason('ec2.throttled', {action: 'CreateVolume', seconds});

const never = new AbortController().signal;

const start = () => {
  const warnings: string[] = [];
  const quiet = () => undefined;
  const log = {
    debug: quiet,
    info: quiet,
    error: quiet,
    warning: (text: string) => void warnings.push(text),
  };
  return {...createBlockers(log), warnings};
};

t.test('what was told last stands until it is taken back, where there is something to wait for', async t => {
  const {reportBlocker, current, onChange} = start();
  let changes = 0;
  onChange(() => {
    changes += 1;
  });
  reportBlocker('CreateVolume', null);
  t.equal(changes, 0, 'nothing was told');
  reportBlocker('CreateVolume', throttled(3));
  reportBlocker('consul', reason('mount.slow', {device: 'd', directory: '/x', seconds: 10}));
  reportBlocker('CreateVolume', throttled(4));
  t.same(current(staging), throttled(4));
  t.equal(current({phase: 'serving'} as State), null);
  reportBlocker('CreateVolume', null);
  t.equal(current(staging)?.kind, 'mount.slow');
  reportBlocker('consul', null);
  t.equal(current(staging), null);
  t.equal(changes, 5);
});

t.test('it is logged once while its kind stays', async t => {
  const {reportBlocker, warnings} = start();
  for (const seconds of [3, 4, 5]) reportBlocker('CreateVolume', throttled(seconds));
  t.equal(warnings.length, 1);
  reportBlocker('CreateVolume', reason('ec2.unreachable', {action: 'CreateVolume', cause: 'refused'}));
  t.equal(warnings.length, 2);
});

t.test('work that takes long tells what it waits for, and for how long', async t => {
  const {reportBlocker, current} = start();
  const told: string[] = [];
  const {promise: over, resolve: end} = Promise.withResolvers<void>();
  const seen = (user: string, cause: Parameters<typeof reportBlocker>[1]) => {
    reportBlocker(user, cause);
    told.push(cause?.kind ?? 'none');
    if (told.length === 2) end();
  };
  const waiting = {user: 'attaching', reportBlocker: seen, cause: throttled, everyMs: 10};
  t.equal(await tellWhileWaiting(waiting, () => over.then(() => 'done'), never), 'done');
  t.same(told, ['ec2.throttled', 'ec2.throttled', 'none']);
  t.equal(current(staging), null);
  await t.rejects(
    tellWhileWaiting(waiting, () => Promise.reject(new Error('failed')), never),
    /failed/,
  );
});

t.test(
  "work that is ended by a caller's deadline fails with what it waited for, ended by an abort it does not",
  async t => {
    const {reportBlocker} = start();
    const waiting = {user: 'attaching', reportBlocker, cause: throttled};
    const until = (signal: AbortSignal) => sleep(60_000, undefined, {signal});
    const limit = AbortSignal.timeout(30);
    t.match(await tellWhileWaiting(waiting, () => until(limit), limit).catch(reasonOf), {
      kind: 'ec2.throttled',
    });
    const abort = new AbortController();
    const cut = tellWhileWaiting(waiting, () => until(abort.signal), abort.signal);
    abort.abort();
    await t.rejects(cut, {name: 'AbortError'});
  },
);
