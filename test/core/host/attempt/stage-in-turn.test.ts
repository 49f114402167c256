import fc from 'fast-check';
import t from 'tap';
import {aboutHosts} from '../../../../agent/core/fleet/about.ts';
import {placeOf} from '../../../../agent/core/fleet/order.ts';
import {spreadMs} from '../../../../agent/core/host/attempt/stage-in-turn.ts';
import {servingOne} from '../serving.ts';
import {ask, fire, happen, settleWorld, snap, start, tellDesired, type World} from '../world.ts';

const HALFWAY = {place: 2 ** 31, hosts: 1_000};
const HALFWAY_MS = 125_000;

/** A host halfway in the order of a fleet of 1,000 that is asked for release 2. */
const asked = (): World => {
  const world = servingOne({turn: HALFWAY});
  ask(world, snap(2), '2');
  return world;
};
const waits = ({state, timer}: World) => ({
  phase: state.phase,
  why: 'blocked' in state ? (state.blocked?.kind ?? null) : null,
  timer: timer && [timer.timer, timer.afterMs],
});
const IN_TURN = {phase: 'staging', why: 'stage.spread', timer: ['retry', HALFWAY_MS]};
const AT_ONCE = {phase: 'staging', why: null, timer: ['deadline', 610_000]};

t.test('a host stages in its turn, and has the whole time for it from then on', async t => {
  const world = asked();
  const askedAt = world.now;
  t.same(waits(world), IN_TURN);
  t.same(world.pending, [], 'nothing is asked of anybody');
  t.match(world.state, {blocked: {details: {afterMs: HALFWAY_MS, hosts: 1_000}}});
  fire(world);
  t.same(waits(world), AT_ONCE);
  t.equal(world.state.since, askedAt + HALFWAY_MS);
  t.same(
    world.pending.map(({type}) => type),
    ['slots.prune', 'release.stage'],
  );
  settleWorld(world);
  t.match(world.state, {phase: 'serving', active: {release: snap(2)}});
});

t.test(
  'who does not wait: a small fleet, the first host, a boot, and a release that is still here',
  async t => {
    for (const turn of [null, {place: 2 ** 31, hosts: 0}, {place: 5_000_000, hosts: 1_000}]) {
      const world = servingOne({turn});
      ask(world, snap(2), '2');
      t.same(waits(world), AT_ONCE);
    }
    const world = asked();
    settleWorld(world);
    t.equal(world.visited.filter(phase => phase === 'booting').length, 0);
    ask(world, snap(1), '3');
    t.same(waits(world), AT_ONCE, 'going back is quick');
  },
);

t.test('as many begin in a second as what they ask allows, and one second is waited for', async t => {
  const git = {kind: 'git', revision: 'a'.repeat(40)} as const;
  t.equal(spreadMs(git, HALFWAY), 25_000);
  const archive = {kind: 'archive', url: 's3://bucket/key', sha256: 'a'.repeat(64)} as const;
  t.equal(spreadMs(archive, HALFWAY), 25_000);
  t.equal(spreadMs(snap(2), HALFWAY), HALFWAY_MS);
  for (const [place, why] of [
    [2 ** 32 / 250 - 20_000, null],
    [2 ** 32 / 250, 'stage.spread'],
  ] as const) {
    const world = servingOne({turn: {place, hosts: 1_000}});
    ask(world, snap(2), '2');
    t.equal(waits(world).why, why);
  }
});

t.test(
  'a new version of the same release does not end the wait, and another release begins another',
  async t => {
    const world = asked();
    ask(world, snap(2), '3');
    t.same(waits(world), IN_TURN);
    t.match(world.state, {attempt: {version: '3'}});
    ask(world, snap(3), '4');
    t.same(waits(world), IN_TURN);
    t.match(world.state, {attempt: {target: {release: snap(3)}}});
    ask(world, snap(1), '5');
    t.equal(world.state.phase, 'serving', 'what is not asked for any more is not staged');
  },
);

t.test('operators end it: by a retry, or by holding the host', async t => {
  const world = asked();
  happen(world, {type: 'operator.retried', by: 'ada'} as never);
  t.same(waits(world), AT_ONCE);
  const other = asked();
  happen(other, {type: 'operator.held', by: 'ada', note: 'look'} as never);
  t.same(waits(other), {phase: 'held', why: null, timer: null});
  happen(other, {type: 'operator.resumed', by: 'ada'} as never);
  t.same(waits(other), AT_ONCE, 'one host alone need not wait');
});

t.test('an agent that is started again waits for the rest, whatever the clock does', async t => {
  const world = asked();
  world.now += 100_000;
  start(world, true);
  t.same(waits(world), {...IN_TURN, timer: ['retry', 25_000]});
  world.now += 1_000_000;
  start(world, true);
  t.same(waits(world), {...IN_TURN, timer: ['retry', 0]});
  world.now -= 3_000_000;
  start(world, true);
  t.same(waits(world), IN_TURN);
  tellDesired(world);
  t.same(waits(world), IN_TURN, 'the desired key is read again');
  fire(world);
  t.same(waits(world), AT_ONCE);
});

/** How many of EC2's tokens are left at the worst moment: 100 at first, five more in a second. */
const worst = (delays: readonly number[]): number => {
  let [tokens, last, least] = [100, 0, 100];
  for (const at of delays.toSorted((a, b) => a - b)) {
    tokens = Math.min(100, tokens + ((at - last) / 1_000) * 5) - 1;
    last = at;
    least = Math.min(least, tokens);
  }
  return least;
};

const delaysOf = (hosts: number, seed: number): readonly number[] => {
  const about = aboutHosts(hosts) ?? 0;
  return Array.from({length: hosts}, (_, n) => {
    const instance = `i-${((seed * 7_919 + n * 104_729) % 2 ** 48).toString(16).padStart(17, '0')}`;
    return spreadMs(snap(2), {place: placeOf(instance), hosts: about});
  });
};

t.test('a fleet does not ask EC2 for more volumes than it gives an account', async t => {
  fc.assert(
    fc.property(fc.integer({min: 21, max: 3_500}), fc.integer({min: 1, max: 1_000_000}), (hosts, seed) => {
      const delays = delaysOf(hosts, seed);
      const least = worst(delays);
      if (least < 20) throw new Error(`${hosts} hosts leave EC2 with ${least}`);
      const seconds = new Map<number, number>();
      for (const delay of delays) {
        const second = Math.floor(delay / 1_000);
        seconds.set(second, (seconds.get(second) ?? 0) + 1);
      }
      const most = Math.max(...seconds.values());
      if (most > 20) throw new Error(`${most} of ${hosts} hosts begin in one second`);
    }),
    {numRuns: 40},
  );
  t.ok(Math.max(...delaysOf(100_000, 1)) <= 900_000, 'and no host waits for ever');
  t.ok(Math.min(...delaysOf(3_000, 1)) < 1_000, 'the first begins at once');
});

t.test('hosts stage in the order in which they get permits', async t => {
  const instances = Array.from({length: 300}, (_, n) => `i-${n}`);
  const places = instances.map(placeOf).toSorted((a, b) => a - b);
  const delays = places.map(place => spreadMs(snap(2), {place, hosts: 300}));
  t.same(
    delays,
    delays.toSorted((a, b) => a - b),
  );
});
