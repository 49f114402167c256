/** Random lives: whatever happens in whatever order, the invariants hold, and when the storm is over the host serves. */
import fc from 'fast-check';
import t from 'tap';
import {releaseId, sameRelease} from '../../../agent/core/release.ts';
import {checkQuiet} from './invariants.ts';
import {
  ask,
  createWorld,
  type Fault,
  fire,
  happen,
  type Operation,
  servedBy,
  settleWorld,
  snap,
  start,
  tellDesired,
  type World,
} from './world.ts';

const OPERATIONS: readonly Operation[] = [
  'boot.view',
  'release.stage',
  'permit.ask',
  'traffic.hide',
  'traffic.leave',
  'traffic.drain',
  'release.activate',
  'gate.probe',
  'traffic.rejoin',
  'bake.watch',
  'slots.prune',
];
const FAULTS: readonly Fault[] = ['error', 'full', 'timeout', 'crash-before', 'crash-after', 'reboot'];

type Gust = (world: World) => void;

const digit = fc.integer({min: 1, max: 5});
const by = 'anna';

const set =
  (over: Partial<World>): Gust =>
  world =>
    void Object.assign(world, over);
const request =
  (type: string): Gust =>
  world =>
    happen(world, {type, by, note: 'wait'} as never);

const jump =
  (byMs: number): Gust =>
  world => {
    world.now += byMs;
  };

const bump = fc.tuple(digit, fc.integer({min: 1, max: 50}), fc.boolean()).map(
  ([release, version, settled]): Gust =>
    world => {
      ask(world, snap(release), `v${version}`);
      if (settled) settleWorld(world);
    },
);
const problem = fc
  .tuple(fc.constantFrom(...OPERATIONS), fc.array(fc.constantFrom(...FAULTS), {minLength: 1, maxLength: 4}))
  .map(
    ([operation, faults]): Gust =>
      world =>
        void world.faults.set(operation, [...faults]),
  );
const strayPermit = fc.integer({min: 0, max: 9}).map(
  (fence): Gust =>
    world =>
      happen(world, {
        type: 'permit.granted',
        fence: world.fence + fence,
        version: 'v1',
        generation: world.state.generation,
      }),
);

const gust = fc.oneof(
  {weight: 8, arbitrary: bump},
  {
    weight: 6,
    arbitrary: fc.integer({min: 1, max: 12}).map(
      (timers): Gust =>
        world =>
          settleWorld(world, {timers}),
    ),
  },
  {weight: 5, arbitrary: problem},
  {
    weight: 1,
    arbitrary: digit.map(
      (release): Gust =>
        world =>
          void world.broken.add(releaseId(snap(release))),
    ),
  },
  {weight: 1, arbitrary: fc.constant<Gust>(world => world.broken.clear())},
  {weight: 1, arbitrary: fc.boolean().map(storeUp => set({storeUp}))},
  {weight: 1, arbitrary: fc.constantFrom(true, true, false).map(grants => set({grants}))},
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (sameBoot): Gust =>
        world =>
          start(world, sameBoot),
    ),
  },
  {weight: 1, arbitrary: fc.integer({min: -2, max: 2}).map(days => jump(days * 86_400_000))},
  {weight: 1, arbitrary: fc.constant<Gust>(world => start(world, true, null))},
  {weight: 1, arbitrary: fc.constant<Gust>(world => start(world, true, world.before ?? world.state, true))},
  {weight: 1, arbitrary: fc.constant<Gust>(fire)},
  {weight: 1, arbitrary: fc.constantFrom('operator.retried', 'operator.rolled-back').map(request)},
  {
    weight: 1,
    arbitrary: fc.constantFrom('operator.held', 'operator.resumed', 'operator.resumed').map(request),
  },
  {weight: 1, arbitrary: strayPermit},
);

const calm = (world: World): void => {
  world.faults.clear();
  world.broken.clear();
  Object.assign(world, {storeUp: true, grants: true});
  settleWorld(world, {timers: 200});
  happen(world, {type: 'operator.resumed', by} as never);
  settleWorld(world, {timers: 200});
  ask(world, snap(9), 'last');
  tellDesired(world);
  settleWorld(world, {timers: 400, heldToo: true});
};

t.test('after any storm the host serves the release that is asked for', async t => {
  const runs = Number(process.env.STORM_RUNS ?? 3000);
  fc.assert(
    fc.property(fc.array(gust, {minLength: 1, maxLength: 40}), gusts => {
      const world = createWorld({asked: {release: snap(1), version: 'v0'}});
      for (const blow of gusts) blow(world);
      calm(world);
      checkQuiet(world);
      if (servedBy(world) !== releaseId(snap(9)))
        throw new Error(`it serves ${servedBy(world)}, ${world.state.phase}: ${world.visited.join(' ')}`);
    }),
    {numRuns: runs},
  );
  t.pass(`${runs} storms`);
});

t.test('a release that never passes its gate is activated at most once per version', async t => {
  fc.assert(
    fc.property(fc.array(gust, {maxLength: 15}), gusts => {
      const world = createWorld({asked: {release: snap(1), version: 'v0'}});
      settleWorld(world);
      for (const blow of gusts) blow(world);
      calm(world);
      world.broken.add(releaseId(snap(8)));
      world.visited = [];
      ask(world, snap(8), 'bad');
      settleWorld(world, {timers: 100});
      for (let again = 0; again < 5; again += 1) {
        tellDesired(world);
        settleWorld(world, {timers: 100});
      }
      if (world.visited.filter(phase => phase === 'activating').length !== 2)
        throw new Error(world.visited.join(' '));
      if (!sameRelease(world.state.active?.release, snap(9))) throw new Error('it is not back');
    }),
    {numRuns: 500},
  );
  t.pass('500 bad releases');
});
