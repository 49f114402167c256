import t from 'tap';
import {createChanges} from '../../../../agent/cli/fleet/watch/changes.ts';
import {EMPTY_LEDGER, type Ledger} from '../../../../agent/core/fleet/ledger.ts';
import type {FleetView} from '../../../../agent/core/fleet/plan.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {host, NEW, OLD, policy, rollout, unseen, view} from '../../../core/fleet/fleet.ts';

const look = (seen: FleetView, coordinator: string | null = 'i-1') => ({
  name: 'web/production',
  fleet: {
    view: seen,
    coordinator,
    unreadable: [],
    entries: {desired: null, freeze: null, lock: null, ledger: null},
  },
  perHostMs: 60_000,
  away: null,
  now: 0,
});
const ledger = (over: Partial<Ledger>): Ledger => ({
  ...EMPTY_LEDGER,
  proven: OLD,
  rollout: rollout(),
  ...over,
});

t.test('a rollout over thousands makes a few lines, whatever comes and goes with each host', async t => {
  const hosts = Array.from({length: 3_000}, (_, n) => host(`i-${n}`));
  const changes = createChanges();
  const lines: string[] = [];
  for (let n = 0; n < 3_000; n += 1) {
    hosts[n] = host(`i-${n}`, {active: NEW});
    const blocked =
      n % 2 === 0
        ? reason('permit.concurrency', {out: n, limit: 1, holders: ''})
        : reason('permit.floor', {serving: n, floor: 1});
    lines.push(...changes.since(look(view(hosts, {ledger: ledger({blocked})}))));
  }
  t.ok(lines.length <= 25, `${lines.length} lines`);
  t.equal(lines.filter(text => /no further permit now: .* capacity floor/.test(text)).length, 1);
  t.match(lines.at(-1), '3000 of 3000 hosts have it');
});

t.test('waves are told as they begin', async t => {
  const rules = policy({waves: ['canary', {percent: 50}]});
  const changes = createChanges();
  const at = (wave: number) =>
    changes.since(look(view([host('i-1')], {policy: rules, ledger: ledger({rollout: rollout({wave})})})));
  t.match(at(0), ['rolling out', 'wave 1 of 2 (canary)', '0 of 1 host']);
  t.same(at(0), []);
  t.same(at(1), ['wave 2 of 2 (50%)']);
  t.same(at(2), ['past its waves, the rest follows']);
});

t.test('many failures at once are a few lines, and none comes twice', async t => {
  const changes = createChanges();
  const cause = reason('gate.failed', {probe: 'http', seconds: 1, last: '500'});
  const failures = Array.from({length: 9}, (_, n) => ({host: `i-${n}`, fence: 0, cause}));
  const hosts = [host('i-1'), host('i-2')];
  const rules = policy({budget: {count: 100}});
  const first = changes.since(look(view(hosts, {policy: rules, ledger: ledger({failures})})));
  t.equal(first.filter(text => text.startsWith('it failed on')).length, 5);
  t.equal(first.at(-1), 'and 4 more');
  const few = ledger({failures: failures.slice(0, 5)});
  t.match(
    createChanges()
      .since(look(view(hosts, {policy: rules, ledger: few})))
      .at(-1),
    /^it failed on i-4/,
  );
  const last = {host: 'i-9', fence: 9, cause: null};
  t.same(changes.since(look(view(hosts, {policy: rules, ledger: ledger({failures: [...failures, last]})}))), [
    'it failed on i-9: no reason given',
  ]);
});

t.test('what is missing is told once, a lock and a coordinator as they come and go', async t => {
  const changes = createChanges();
  const seen = (over: Partial<FleetView>, coordinator?: string | null) =>
    changes.since(look(view([host('i-1')], {ledger: ledger({}), ...over}), coordinator));
  seen({});
  t.same(seen({missing: [unseen('i-9')]}), ['i-9 is not seen any more']);
  t.same(seen({missing: [unseen('i-9')]}), []);
  t.same(seen({lock: {by: 'bob', why: 'the move', at: 0}}), [
    'locked by bob since 1970-01-01 00:00 UTC: the move',
  ]);
  t.same(seen({}, null), ['nobody coordinates: no permit is given', 'no longer locked']);
  t.same(seen({}), ['somebody coordinates again']);
  const again = ledger({rollout: rollout({number: 2})});
  t.match(seen({ledger: again, missing: [unseen('i-9')]}), [
    /^rolling out/,
    /0 of 2/,
    'i-9 is not seen any more',
  ]);
});
