/** What a fleet of thousands must not make of the ledger and of what is said. */
import t from 'tap';
import {MOST} from '../../../agent/core/fleet/capacity.ts';
import {listedBy} from '../../../agent/core/fleet/names.ts';
import {plan} from '../../../agent/core/fleet/plan.ts';
import {reason} from '../../../agent/core/reason.ts';
import {VALUE_LIMIT} from '../../../agent/store/key.ts';
import {host, policy, view} from './fleet.ts';

const REVISION = 'a'.repeat(64);
const instance = (n: number): string => `i-${n.toString(16).padStart(17, '0')}`;
const wants = {release: REVISION, version: '1234567890123456'};
const desired = {release: {kind: 'git', revision: REVISION}, version: wants.version} as const;

t.test('the ledger fits into one value of a store, whatever the policy says', async t => {
  const all = policy({concurrency: {percent: 100}, floor: {count: 0}});
  const hosts = Array.from({length: 3_000}, (_, n) => host(instance(n), {phase: 'waiting', wants}));
  const {ledger} = plan(view(hosts, {policy: all, desired, now: 1_800_000_000_000}));
  t.equal(ledger.permits.length, MOST);
  t.match(ledger.blocked, {kind: 'permit.concurrency', details: {limit: MOST}});
  t.ok(JSON.stringify(ledger).length < VALUE_LIMIT, `${JSON.stringify(ledger).length} bytes`);
});

t.test('only what is listed is put into words', async t => {
  let put = 0;
  const said = listedBy([1, 2, 3, 4, 5, 6, 7], n => {
    put += 1;
    return `${n}`;
  });
  t.equal(said, '1, 2, 3, 4, 5 and 2 more');
  t.equal(put, 5);
  t.equal(
    listedBy([1, 2, 3, 4, 5], n => `${n}`),
    '1, 2, 3, 4, 5',
  );
});

t.test('hosts whose turn to stage has not come are not in the way of what is proven', async t => {
  const turn = reason('stage.spread', {afterMs: 60_000, hosts: 3_072});
  const hosts = [host('i-1', {active: REVISION}), host('i-2', {phase: 'staging', reason: turn})];
  t.equal(plan(view(hosts, {desired})).ledger.blocked, null);
  const held = host('i-3', {phase: 'held', reason: reason('operator.hold', {by: 'ada', note: 'look'})});
  t.match(plan(view([...hosts, held], {desired})).ledger.blocked, {
    kind: 'rollout.behind',
    details: {hosts: 'i-3 (held by ada: look)'},
  });
});
