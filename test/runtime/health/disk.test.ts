import t from 'tap';
import type {EventInput} from '../../../agent/core/host/event-input.ts';
import {freshState} from '../../../agent/core/host/recover.ts';
import type {State} from '../../../agent/core/host/state.ts';
import {reason} from '../../../agent/core/reason.ts';
import {createDiskWatch} from '../../../agent/runtime/health/disk.ts';
import {eventually} from '../../support/eventually.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const MIB = 1_048_576;
const full = reason('disk.full', {path: '/var/lib/release-agent', cause: 'no space left on device'});
const fresh = freshState({now: 0, random: 0});
const held: State = {...fresh, phase: 'held', cause: full};

const watchOf = (free: () => number) => {
  const heard: EventInput[] = [];
  let looks = 0;
  const watch = createDiskWatch({
    stateDir: '/',
    dispatch: each => heard.push(each),
    free: async () => {
      looks += 1;
      return free();
    },
    everyMs: 2,
  });
  return {heard, watch, looks: () => looks};
};

t.test('a host that is held because of a full disk tries again once there is room', async t => {
  for (const state of [
    held,
    {...held, cause: reason('rollback.nothing', {cause: 'x'}), rejected: rejectedFor(full)},
    {...fresh, blocked: full},
  ] as const) {
    let room = 5 * MIB;
    const {heard, watch, looks} = watchOf(() => room);
    watch.saw(state);
    await eventually('some looks', () => looks() > 4);
    t.same(heard, [], 'nothing changed');
    room = 3 * MIB;
    const before = looks();
    await eventually('more looks', () => looks() > before + 2);
    room = 4 * MIB;
    await eventually('the pause to end', () => heard.length === 1);
    t.match(heard, [{type: 'timer.fired', timer: 'retry', phase: state.phase, generation: 0}]);
    watch.stop();
  }
});

t.test('it does not look for others, and not once the state is another one', async t => {
  const {watch, looks} = watchOf(() => 0);
  watch.saw(fresh);
  watch.saw({...held, cause: reason('operator.hold', {by: 'ada', note: 'x'})});
  watch.saw({...held, cause: reason('rollback.nothing', {cause: 'x'})});
  t.equal(looks(), 0);
  watch.saw(held);
  await eventually('a look', () => looks() > 2);
  watch.saw(fresh);
  const before = looks();
  await new Promise(resolve => setTimeout(resolve, 30));
  t.ok(looks() <= before + 1);
});

t.test('it asks the disk itself', async t => {
  const heard: EventInput[] = [];
  const folder = await temporaryFolder(t);
  const watch = createDiskWatch({stateDir: folder, dispatch: each => heard.push(each), everyMs: 2});
  watch.saw(held);
  await new Promise(resolve => setTimeout(resolve, 30));
  watch.stop();
  t.same(heard, []);
});

function rejectedFor(cause: typeof full) {
  const release = {kind: 'ebs', snapshot: 'snap-11111111'} as const;
  return {release, version: '1', cause, at: 0, retryAt: null};
}
