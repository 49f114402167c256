import {setTimeout as sleep} from 'node:timers/promises';
import t from 'tap';
import {reason} from '../../agent/core/reason.ts';
import {ReasonError} from '../../agent/core/reason-error.ts';
import type {Installer} from '../../agent/ports.ts';
import {createTidy} from '../../agent/runtime/tidy.ts';
import {eventually} from '../support/eventually.ts';
import {keptLog} from '../support/log.ts';

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
  return {tidy: createTidy({installers: [stubborn, other], log, changed, baseMs: 5}), lines, seen};
};

t.test('a slot that cannot be removed keeps nobody waiting, is told once, and is tried again', async t => {
  const {tidy, lines, seen} = make();
  const over = new AbortController();
  t.teardown(() => over.abort());
  await tidy.prune([], over.signal);
  t.match(tidy.left(), {kind: 'slots.left', details: {cause: /still in use: used by bash/}});
  await eventually('several tries', () => seen.pruned > 3);
  t.equal(lines.length, 1);
  seen.failing = false;
  await eventually('the end', () => tidy.left() === null);
  t.equal(seen.changes, 2);
  const after = seen.pruned;
  await eventually('time to pass', () => new Promise(resolve => setTimeout(resolve, 100, true)));
  t.equal(seen.pruned, after, 'then it is left alone');
});

t.test('no try is made with slots of an older step', async t => {
  const {tidy, seen} = make();
  const over = new AbortController();
  await tidy.prune([], over.signal);
  over.abort();
  const after = seen.pruned;
  await eventually('time to pass', () => new Promise(resolve => setTimeout(resolve, 100, true)));
  t.equal(seen.pruned, after);
  t.match(tidy.left(), {kind: 'slots.left'}, 'but what is left is not forgotten');
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
    const tidy = createTidy({installers, log, changed: () => undefined, patienceMs: 50});
    await tidy.prune([], over.signal);
    t.equal(pruned, 1);
    t.equal(tidy.left(), null, 'it is still being tried');
  },
);
