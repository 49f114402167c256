import {setImmediate, setTimeout as sleep} from 'node:timers/promises';
import t from 'tap';
import {reason} from '../../../agent/core/reason.ts';
import {ReasonError} from '../../../agent/core/reason-error.ts';
import type {Installer} from '../../../agent/ports.ts';
import {createCleanup} from '../../../agent/runtime/effects/cleanup.ts';
import {eventually} from '../../support/eventually.ts';
import {keptLog} from '../../support/log.ts';

const busy = reason('mount.busy', {directory: '/slots/1', cause: 'used by bash (42)'});

const make = () => {
  const {log, lines} = keptLog();
  const seen = {failing: true, pruned: 0, changes: 0};
  const stubborn: Installer = {
    stage: async () => undefined,
    prune: async () => {
      if (seen.failing) throw new ReasonError(busy);
    },
  };
  const other: Installer = {
    stage: async () => undefined,
    prune: async () => {
      seen.pruned += 1;
    },
  };
  const changed = () => {
    seen.changes += 1;
  };
  const waits: (() => void)[] = [];
  const wait = (_: number, signal: AbortSignal) =>
    new Promise<void>(resolve => {
      waits.push(resolve);
      signal.addEventListener('abort', () => resolve());
    });
  /** Lets the pause end that goes on now, and waits for the try after it. */
  const again = async () => {
    const {pruned} = seen;
    waits.shift()?.();
    await eventually('another try', () => seen.pruned > pruned);
    await setImmediate();
  };
  return {
    cleanup: createCleanup({installers: [stubborn, other], log, changed, wait}),
    lines,
    seen,
    waits,
    again,
  };
};

t.test('a slot that cannot be removed keeps nobody waiting, is told once, and is tried again', async t => {
  const {cleanup, lines, seen, waits, again} = make();
  const over = new AbortController();
  t.teardown(() => over.abort());
  await cleanup.prune([], over.signal);
  t.match(cleanup.left(), {kind: 'slots.left', details: {cause: /still in use: used by bash/}});
  for (let tries = 0; tries < 3; tries += 1) await again();
  t.equal(lines.length, 1);
  seen.failing = false;
  await again();
  t.equal(cleanup.left(), null);
  t.equal(seen.changes, 2);
  t.equal(seen.pruned, 5);
  t.equal(waits.length, 0, 'then it is left alone');
});

t.test('no try is made with slots of an older step', async t => {
  const {cleanup, seen, waits} = make();
  const over = new AbortController();
  await cleanup.prune([], over.signal);
  await eventually('the pause before another try', () => waits.length === 1);
  over.abort();
  await setImmediate();
  t.equal(seen.pruned, 1);
  t.match(cleanup.left(), {kind: 'slots.left'}, 'but what is left is not forgotten');
});

t.test(
  'a clean-up that hangs keeps nobody waiting for long, and nothing else that is to be cleared away',
  async t => {
    const {log} = keptLog();
    let pruned = 0;
    const hanging: Installer = {
      stage: async () => undefined,
      prune: (_, signal) => sleep(60_000, undefined, {signal}),
    };
    const other: Installer = {
      stage: async () => undefined,
      prune: async () => {
        pruned += 1;
      },
    };
    const over = new AbortController();
    t.teardown(() => over.abort());
    const installers = [hanging, other];
    const cleanup = createCleanup({installers, log, changed: () => undefined, patienceMs: 50});
    await cleanup.prune([], over.signal);
    t.equal(pruned, 1);
    t.equal(cleanup.left(), null, 'it is still being tried');
  },
);
