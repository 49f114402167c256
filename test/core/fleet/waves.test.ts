import t from 'tap';
import type {Ledger} from '../../../agent/core/fleet/ledger.ts';
import {inOrder} from '../../../agent/core/fleet/order.ts';
import {type FleetView, plan} from '../../../agent/core/fleet/plan.ts';
import type {HostStatus} from '../../../agent/core/host/status.ts';
import {reason, reasonText} from '../../../agent/core/reason.ts';
import {holders, host, NEW, OLD, policy, rollout, view, waiting} from './fleet.ts';

const names = (count: number): readonly string[] => Array.from({length: count}, (_, n) => `i-${n}`);
const RULES = policy({
  ...{concurrency: {percent: 100}, floor: {count: 0}, bakeMs: 60_000},
  waves: ['canary', {percent: 30}],
});

/** A fleet in which every host that has a permit is done at once; goes on until nobody gets one. */
const roll = (start: readonly HostStatus[], over: Partial<FleetView>, ledger?: Ledger) => {
  let hosts = start;
  let next = plan(view(hosts, {policy: RULES, ...over, ...(ledger && {ledger})}));
  for (let rounds = 0; next.granted.length > 0 && rounds < 50; rounds += 1) {
    const out = new Map(next.granted.map(permit => [permit.host, permit]));
    hosts = hosts.map(each => {
      const permit = out.get(each.instance);
      if (!permit) return each;
      const {release, version, fence} = permit;
      const outcome = {fence, result: 'done' as const, release, version, cause: null};
      return host(each.instance, {...each, phase: 'serving', active: release, wants: null, outcome});
    });
    next = plan(view(hosts, {policy: RULES, ...over, ledger: next.ledger}));
  }
  return {hosts, ...next};
};
const onIt = (hosts: readonly HostStatus[]): readonly string[] =>
  hosts.filter(({active}) => active === NEW).map(({instance}) => instance);

t.test('the canaries go first, are watched, then each wave, and at last the rest', async t => {
  const fleet = names(10).map((name, n) => waiting(name, n === 3 || n === 7 ? {canary: true} : {}));
  const first = roll(fleet, {now: 1_000});
  t.same(onIt(first.hosts), ['i-3', 'i-7']);
  t.match(first.ledger.rollout, {wave: 0, bakes: 1_000});
  t.equal(
    first.ledger.blocked && reasonText(first.ledger.blocked),
    'wave 1 of 2 (canary) is watched until 1970-01-01 00:01 UTC',
  );
  t.equal(first.lookAt, 61_000);
  const early = roll(first.hosts, {now: 60_999}, first.ledger);
  t.same(early.ledger, first.ledger, 'nothing happens before');
  const second = roll(first.hosts, {now: 61_000}, first.ledger);
  t.equal(onIt(second.hosts).length, 3, '30 %, with the canaries');
  t.match(second.ledger.rollout, {wave: 1, bakes: 61_000});
  t.match(second.ledger.blocked, {kind: 'permit.wave-bake', details: {wave: 2, waves: 2, name: '30%'}});
  const rest = roll(second.hosts, {now: 121_000}, second.ledger);
  t.equal(onIt(rest.hosts).length, 10);
  t.match(rest.ledger, {proven: NEW, blocked: null, rollout: {wave: 2, bakes: null}});
  t.equal(rest.lookAt, null);
});

t.test('who is in no wave yet is told so, and how far it is', async t => {
  const fleet = names(4).map((name, n) => waiting(name, n === 2 ? {canary: true} : {}));
  const {ledger, granted} = plan(view(fleet, {policy: {...RULES, concurrency: {count: 1}}}));
  t.same(holders(ledger), ['i-2']);
  t.equal(granted.length, 1);
  t.equal(ledger.blocked?.kind, 'permit.wave');
  t.match(ledger.blocked, {details: {wave: 1, waves: 2, name: 'canary', reached: 1, quota: 1}});
});

t.test('a fleet without canaries tries a release on one host', async t => {
  const {hosts, ledger} = roll(
    names(10).map(name => waiting(name)),
    {now: 5},
  );
  t.equal(onIt(hosts).length, 1);
  t.match(ledger.rollout, {wave: 0, bakes: 5});
});

t.test('a wave that adds nobody is passed without being watched', async t => {
  const rules = {...RULES, waves: ['canary', {count: 1}, {percent: 20}] as const};
  const fleet = names(5).map(name => waiting(name));
  const first = roll(fleet, {policy: rules, now: 5});
  const second = roll(first.hosts, {policy: rules, now: 60_005}, first.ledger);
  t.equal(second.ledger.rollout?.wave, 3, '1 of 5 are 20 %, too');
  t.equal(onIt(second.hosts).length, 5);
});

t.test('a wave with a host that is not well is watched anew once it is', async t => {
  const first = roll(
    names(10).map(name => waiting(name)),
    {now: 0},
  );
  const [one] = onIt(first.hosts);
  const why = reason('health.failed', {probe: 'http', last: 'no'});
  const sick = first.hosts.map(each =>
    each.instance === one ? {...each, serving: false, reason: why} : each,
  );
  const ill = roll(sick, {now: 30_000}, first.ledger);
  t.match(ill.ledger.rollout, {bakes: null, unwell: 30_000});
  t.equal(ill.lookAt, 90_000);
  t.match(ill.ledger.blocked, {kind: 'permit.wave-unwell', details: {wave: 1, hosts: one}});
  const well = roll(first.hosts, {now: 50_000}, ill.ledger);
  t.equal(well.ledger.rollout?.bakes, 50_000);
  t.equal(onIt(roll(first.hosts, {now: 109_999}, well.ledger).hosts).length, 1);
  t.equal(onIt(roll(first.hosts, {now: 110_000}, well.ledger).hosts).length, 3);
});

t.test('the same release, asked for again, goes on in its wave; another begins with the first', async t => {
  const ledger = {...view([]).ledger, rollout: rollout({version: '1', wave: 1, number: 4})};
  const asked = (snapshot: string) => ({release: {kind: 'ebs' as const, snapshot}, version: '2'});
  const same = plan(view([host('a')], {ledger, desired: asked(NEW), now: 7})).ledger.rollout;
  t.strictSame(same, rollout({version: '2', wave: 1, number: 5, since: 7}));
  const other = plan(view([host('a')], {ledger, desired: asked('snap-33333333')})).ledger.rollout;
  t.match(other, {wave: 0, number: 5, way: 'forward'});
  const revert = {release: OLD, cause: reason('permit.waiting', {}), since: 1};
  const back = {...ledger, rollout: rollout({version: '1', wave: 1, revert})};
  const again = plan(view([host('a')], {ledger: back, desired: asked(NEW)})).ledger.rollout;
  t.match(again, {wave: 0, revert: null}, 'one that was taken back begins anew');
});

t.test('a way back has no waves, and is not watched', async t => {
  const ledger = {
    ...view([]).ledger,
    proven: NEW,
    rollout: rollout({version: '1', release: 'snap-33333333'}),
  };
  const {hosts, ledger: after} = roll(
    names(10).map(name => waiting(name)),
    {},
    ledger,
  );
  t.equal(onIt(hosts).length, 10);
  t.match(after.rollout, {way: 'back', wave: 0, bakes: null});
  const before = {...ledger, proven: OLD, previous: NEW};
  t.match(roll([waiting('a')], {}, before).ledger.rollout, {way: 'back'}, 'to the one before it, too');
});

t.test('a share of the fleet, more of it, and all of it', async t => {
  const asked = (version: string, percent?: number) => ({
    ...{release: {kind: 'ebs' as const, snapshot: NEW}, version},
    ...(percent !== undefined && {share: {percent}}),
  });
  const again = (hosts: readonly HostStatus[], version: string) =>
    hosts.map(each => (each.wants ? {...each, wants: {...each.wants, version}} : each));
  const rules = {...RULES, waves: []};
  const fleet = names(12).map(name => waiting(name));
  const some = roll(fleet, {policy: rules, desired: asked('2', 10)});
  t.equal(onIt(some.hosts).length, 2);
  t.match(some.ledger, {
    proven: OLD,
    blocked: {kind: 'permit.share', details: {share: '10%', reached: 2, quota: 2}},
  });
  const more = roll(again(some.hosts, '3'), {policy: rules, desired: asked('3', 25)}, some.ledger);
  t.equal(onIt(more.hosts).length, 3);
  t.ok(
    onIt(some.hosts).every(name => onIt(more.hosts).includes(name)),
    '10 % are a part of 25 %',
  );
  t.equal(more.ledger.proven, OLD, 'new instances still boot what is proven');
  const all = roll(again(more.hosts, '4'), {policy: rules, desired: asked('4')}, more.ledger);
  t.equal(onIt(all.hosts).length, 12);
  t.equal(all.ledger.proven, NEW);
});

t.test('a permit that is out counts once, and a share that is a wave is told as a share', async t => {
  const desired = {release: {kind: 'ebs' as const, snapshot: NEW}, version: '2', share: {count: 3}};
  const permits = [{host: 'i-0', fence: 1, release: NEW, version: '2', since: 0}];
  const ledger = {...view([]).ledger, fence: 1, rollout: rollout(), permits};
  const fleet = names(10).map(name => waiting(name));
  t.equal(plan(view(fleet, {policy: {...RULES, waves: []}, desired, ledger})).granted.length, 2);
  const same = plan(view(fleet, {policy: {...RULES, waves: [{count: 3}]}, desired, ledger}));
  t.equal(same.ledger.blocked?.kind, 'permit.share');
});

t.test(
  'what is refused for a release holds for a whole round, though a host that leaves it makes room',
  async t => {
    const desired = {release: {kind: 'ebs' as const, snapshot: NEW}, version: '2', share: {count: 1}};
    const [a, b, c] = inOrder(names(3).map(name => waiting(name))).map(({instance}) => instance);
    const leaving = waiting(b ?? '', {active: NEW, wants: {release: OLD, version: '2'}});
    const fleet = [waiting(a ?? ''), leaving, waiting(c ?? '')];
    const {granted, ledger} = plan(view(fleet, {policy: {...RULES, waves: []}, desired}));
    t.same(
      granted.map(({host: name}) => name),
      [b],
    );
    t.equal(ledger.blocked?.kind, 'permit.share');
  },
);

t.test('it is looked again at the earliest of what time alone changes', async t => {
  const windows = [{days: [1], from: 0, to: 60, timezone: 'UTC'}];
  const why = reason('health.failed', {probe: 'http', last: 'no'});
  const sick = host('a', {active: NEW, serving: false, reason: why});
  const {lookAt, ledger} = plan(
    view([sick, waiting('b'), waiting('c')], {policy: policy({windows}), now: 0}),
  );
  t.equal(ledger.blocked?.kind, 'permit.window');
  t.equal(lookAt, 60_000, 'a host is unwell for a minute before the window opens');
});

t.test('a share goes by the waves as far as it reaches', async t => {
  const desired = {release: {kind: 'ebs' as const, snapshot: NEW}, version: '2', share: {count: 2}};
  const fleet = names(10).map(name => waiting(name));
  const one = roll(fleet, {desired, now: 0});
  t.equal(onIt(one.hosts).length, 1, 'the wave of one canary comes first');
  const two = roll(one.hosts, {desired, now: 60_000}, one.ledger);
  t.equal(onIt(two.hosts).length, 2);
  t.match(two.ledger, {blocked: {kind: 'permit.share'}, rollout: {wave: 1, bakes: null}});
  t.equal(two.lookAt, null, 'it waits for nobody but the operator');
});
