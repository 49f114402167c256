import t from 'tap';
import type {Ledger} from '../../../../agent/core/fleet/ledger.ts';
import {OLD_MS} from '../../../../agent/core/fleet/telling/rollout.ts';
import {NOTHING_TOLD} from '../../../../agent/core/fleet/telling/told.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {host, NEW, OLD, policy, rollout} from '../fleet.ts';
import {kinds, see, tell, tellFrom} from './telling.ts';

const failure = (name: string, fence: number) => ({
  host: name,
  fence,
  cause: reason('gate.failed', {probe: 'http', seconds: 1, last: '500'}),
});
const permit = (name: string, fence: number) => ({host: name, fence, release: NEW, version: '2', since: 0});
const done = (over: Partial<Ledger> = {}) => see({proven: NEW, ...over}, [host('a', {active: NEW})]);
const NONE = {rollout: null, wave: null, outcome: null, hosts: [], count: 0, cause: null};

t.test('a rollout that started, with who asked for it and why, and that the fleet is steady', async t => {
  const desired = {
    release: {kind: 'ebs', snapshot: NEW} as const,
    version: '2',
    by: 'ada\n',
    message: 'x'.repeat(400),
  };
  const begun = see({}, [host('a')], {desired});
  const told = {number: 1, release: NEW, way: 'forward', by: 'ada ', message: `${'x'.repeat(300)}…`};
  t.strictSame(tell(begun, begun, done(), done()), [
    [{...NONE, id: '1-1/rollout-started', kind: 'rollout-started', at: 1_000, rollout: told}],
    [],
    [
      {
        ...NONE,
        id: '1-1/fleet-steady',
        kind: 'fleet-steady',
        at: 1_000,
        rollout: {...told, by: null, message: null},
        outcome: 'proven',
      },
    ],
    [],
  ]);
  t.match(tell(see({}, [host('a')], {desired: {...desired, version: '3'}})), [[{rollout: {by: null}}]]);
  t.match(tell(see({}, [host('a')], {desired: null})), [[{rollout: {by: null, message: null}}]]);
});

t.test('without a rollout there is nothing to tell', async t => {
  const {told, events} = tellFrom(NOTHING_TOLD, see({rollout: null}, [host('a')]));
  t.strictSame(events, [[]]);
  t.strictSame(told, NOTHING_TOLD);
});

t.test('one that is over stays told while hosts come and go', async t => {
  const other = see({proven: NEW}, [host('a', {active: NEW}), host('b', {active: null})]);
  t.same(tell(see({}, [host('a')]), done(), other, done()).map(kinds), [
    ['rollout-started'],
    ['fleet-steady'],
    [],
    [],
  ]);
});

t.test('another rollout is another one, also when a restored store gives its number again', async t => {
  const next = see({rollout: rollout({number: 2, version: '2'})}, [host('a')]);
  const again = see({rollout: rollout({number: 2, since: 500})}, [host('a')]);
  const ids = tell(see({}, [host('a')]), next, again, again).map(events => events.map(({id}) => id));
  t.same(ids, [['1-1/rollout-started'], ['2-1/rollout-started'], ['2-500/rollout-started'], []]);
});

t.test('each wave that passed, once, with what it was', async t => {
  const rules = policy({waves: ['canary', {percent: 10}]});
  const at = (wave: number, more = {}) =>
    see({rollout: rollout({wave, ...more})}, [host('a')], {policy: rules});
  const events = tell(at(0), at(1), at(1), at(2));
  t.same(events.map(kinds), [['rollout-started'], ['wave-passed'], [], ['wave-passed']]);
  t.match(events[1], [{id: '1-1/wave-passed/1', wave: {number: 1, of: 2, name: 'canary'}}]);
  t.match(events[3], [{id: '1-1/wave-passed/2', wave: {number: 2, of: 2, name: '10%'}}]);
  t.match(tell(at(0), at(2))[1], [{wave: {number: 1}}, {wave: {number: 2}}], 'two at once');
  t.match(
    tell(at(0), see({rollout: rollout({wave: 1})}, [host('a')])),
    [[{}], [{wave: {number: 1, of: 1, name: null}}]],
    'of a policy that is another one now',
  );
});

t.test('a rollout that goes on with another share has passed no wave anew', async t => {
  const rules = {policy: policy({waves: ['canary', {percent: 10}, {percent: 50}]})};
  const at = (number: number, wave: number, release = NEW) =>
    see({rollout: rollout({number, wave, release})}, [host('a')], rules);
  t.same(tell(at(1, 2), at(2, 2), at(2, 3)).map(kinds), [
    ['rollout-started', 'wave-passed', 'wave-passed'],
    ['rollout-started'],
    ['wave-passed'],
  ]);
  t.same(
    tell(at(1, 2), at(2, 0), at(2, 1)).map(kinds),
    [['rollout-started', 'wave-passed', 'wave-passed'], ['rollout-started'], ['wave-passed']],
    'one of the same release that begins at its first wave passes it again',
  );
  t.same(kinds(tell(at(1, 2), at(2, 1, 'snap-33333333'))[1]), ['rollout-started', 'wave-passed']);
});

t.test('a rollout that is halted, by its failures or by whoever denies it', async t => {
  const start = see({}, [host('a'), host('b')]);
  const two = {policy: policy({budget: {count: 2}})};
  const failures = [failure('a', 1), failure('b', 2)];
  const halted = see({failures}, [host('a'), host('b')], two);
  const events = tell(start, halted, halted);
  t.same(events.map(kinds), [['rollout-started'], ['host-rolled-back', 'rollout-halted'], []]);
  t.match(events[1]?.[1], {
    id: '1-1/rollout-halted/2',
    count: 2,
    cause: {kind: 'permit.halted', details: {failures: 2, budget: 2, release: NEW, verdict: 'release'}},
  });
  const denied = see({denied: [NEW]}, [host('a')]);
  t.match(tell(start, denied, denied), [
    [{}],
    [{id: '1-1/rollout-halted/0', count: 0, cause: {kind: 'permit.denied', details: {release: NEW}}}],
    [],
  ]);
  t.match(tell(start, see({denied: [NEW], failures}, [host('a'), host('b')], two))[1]?.[1], {
    cause: {kind: 'permit.halted'},
  });
  const share = {...two, policy: policy({budget: {percent: 100}})};
  const forced = {...share, desired: {...start.desired, force: ['b']} as typeof start.desired};
  const down = host('b', {serving: false, active: NEW});
  t.match(
    tell(start, see({failures}, [host('a', {active: NEW}), down], forced))[1]?.[1],
    {cause: {details: {budget: 1}}},
    'of those that count',
  );
  const unknown = see({failures: [{host: 'a', fence: 1, cause: null}]}, [host('a')]);
  t.match(tell(start, unknown)[1]?.[1], {cause: {details: {verdict: 'infrastructure'}}});
});

t.test('halted again is told again, but not what could not be seen in between', async t => {
  const start = see({}, [host('a'), host('b')]);
  const failures = [failure('a', 1)];
  const halted = see({failures}, [host('a'), host('b')]);
  const free = see({failures}, [host('a'), host('b')], {policy: policy({budget: {count: 2}})});
  const again = see({failures: [...failures, failure('b', 2)]}, [host('a'), host('b')]);
  t.same(tell(start, halted, free, again).map(kinds), [
    ['rollout-started'],
    ['host-rolled-back', 'rollout-halted'],
    [],
    ['host-rolled-back', 'rollout-halted'],
  ]);
  const bump = {...start.desired, version: '3'} as typeof start.desired;
  const pending = see({failures}, [host('a'), host('b')], {desired: bump});
  const idle = see({failures}, [host('a'), host('b')], {desired: null});
  t.same(tell(start, halted, pending, halted, idle, halted).slice(2).map(kinds), [[], [], [], []]);
  t.same(kinds(tell(start, pending)[1]), ['host-rolled-back'], 'nor is it halted then');
});

t.test('a fleet that takes itself back, and has', async t => {
  const cause = reason('rollout.failed', {release: NEW, failures: 1, budget: 1, last: 'x'});
  const revert = {release: OLD, cause, since: 5};
  const failures = [failure('a', 1)];
  const back = (active: string, over: Partial<Ledger> = {}) =>
    see({rollout: rollout({revert}), failures, ...over}, [host('a', {active})]);
  const events = tell(see({}, [host('a')]), back(NEW), back(NEW), back(OLD), back(OLD), back(NEW), back(OLD));
  t.same(events.map(kinds), [
    ['rollout-started'],
    ['host-rolled-back', 'rollout-reverted'],
    [],
    ['fleet-steady'],
    [],
    [],
    [],
  ]);
  t.match(events[1]?.[1], {id: '1-1/rollout-reverted', cause});
  t.match(events[3], [{outcome: 'reverted'}]);
  const out = back(OLD, {permits: [permit('b', 9)]});
  t.same(kinds(tell(see({}, [host('a')]), back(NEW), out)[2]), [], 'not while somebody is out');
});

t.test('what happened before anybody looked is told with the first look', async t => {
  const failures = [failure('a', 1)];
  t.same(tell(see({failures}, [host('a')])).map(kinds), [
    ['rollout-started', 'host-rolled-back', 'rollout-halted'],
  ]);
  const revert = {release: OLD, cause: reason('permit.waiting', {}), since: 5};
  const back = see({rollout: rollout({revert}), failures}, [host('a', {active: NEW})]);
  t.same(tell(back).map(kinds), [['rollout-started', 'host-rolled-back', 'rollout-reverted']]);
  t.same(tell(done()).map(kinds), [['rollout-started', 'fleet-steady']]);
});

t.test('a share is steady when it is reached', async t => {
  const desired = {release: {kind: 'ebs', snapshot: NEW} as const, version: '2', share: {percent: 50}};
  const some = see({}, [host('a', {active: NEW}), host('b')], {desired});
  const events = tell(see({}, [host('a'), host('b')], {desired}), some, some);
  t.same(events.map(kinds), [['rollout-started'], ['fleet-steady'], []]);
  t.match(events[1], [{outcome: 'partial'}]);
});

t.test('what was over when nobody listened is not told, what follows is', async t => {
  const failures = [failure('a', 1)];
  const rules = {policy: policy({waves: ['canary', {percent: 10}]})};
  const old = {now: 1 + OLD_MS};
  const at = (wave: number, now: number) => see({rollout: rollout({wave})}, [host('a')], {...rules, now});
  t.same(tell(at(1, OLD_MS)).map(kinds), [['rollout-started', 'wave-passed']], 'young enough');
  t.same(tell(at(1, 1 + OLD_MS), at(2, 2 + OLD_MS)).map(kinds), [[], ['wave-passed']]);
  t.same(tell(see({failures}, [host('a')], old), see({failures}, [host('a')], old)).map(kinds), [[], []]);
  const more = [...failures, failure('b', 2)];
  t.same(
    tell(see({failures}, [host('a')], old), see({failures: more}, [host('a')], old)).map(kinds),
    [[], ['host-rolled-back']],
    'it was halted before',
  );
  const over = {...done(), ...old};
  t.same(tell(over, over).map(kinds), [[], []]);
  const revert = {release: OLD, cause: reason('permit.waiting', {}), since: 5};
  t.same(tell(see({rollout: rollout({revert})}, [host('a', {active: NEW})], old)).map(kinds), [[]]);
  const {told} = tellFrom(NOTHING_TOLD, see({failures}, [host('a')], {...old, ...rules}));
  t.strictSame(told.rollout, {
    ...{number: 1, since: 1, release: NEW, started: true, waves: 0, failures: 1},
    ...{halted: true, reverted: false, steady: false},
  });
});
