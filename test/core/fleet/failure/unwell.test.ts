import t from 'tap';
import {noteUnwell, UNWELL_MS, unwellAt} from '../../../../agent/core/fleet/failure/unwell.ts';
import type {Ledger} from '../../../../agent/core/fleet/ledger.ts';
import type {HostStatus} from '../../../../agent/core/host/status.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {host, NEW, OLD, outcome, rollout, view} from '../fleet.ts';

const SICK = reason('health.failed', {probe: 'http', last: 'HTTP 500'});
const sick = (instance: string, over: Partial<HostStatus> = {}): HostStatus =>
  host(instance, {active: NEW, serving: false, reason: SICK, outcome: outcome(4, 'done'), ...over});
const start = (over: Partial<Ledger> = {}): Ledger => ({...view([]).ledger, rollout: rollout(), ...over});
const note = (hosts: readonly HostStatus[], now: number, ledger = start()): Ledger =>
  noteUnwell(ledger, {hosts, now});

t.test('a host that fails its probes after its bake counts as failed after a minute', async t => {
  const first = note([sick('a'), host('b', {active: NEW})], 5);
  t.match(first, {rollout: {unwell: 5}, failures: []});
  t.equal(unwellAt(first), 5 + UNWELL_MS);
  t.equal(UNWELL_MS, 60_000);
  const still = note([sick('a')], 4 + UNWELL_MS, first);
  t.equal(still, first, 'not before');
  const counted = note([sick('a'), sick('b', {outcome: null})], 5 + UNWELL_MS, first);
  t.strictSame(counted.failures, [
    {host: 'a', fence: 4, cause: SICK},
    {host: 'b', fence: 0, cause: SICK},
  ]);
  t.equal(counted.rollout?.unwell, null);
  t.equal(note([sick('a'), sick('b')], 9 * UNWELL_MS, counted), counted, 'each once');
  t.match(note([host('a', {active: NEW})], 9, first).rollout, {unwell: null}, 'it is well again');
});

t.test('who is on the way, on another release or silent is not unwell', async t => {
  const others = [
    ...[sick('a', {active: OLD}), sick('b', {phase: 'baking'}), sick('c', {permit: 4})],
    ...[sick('d', {reason: null}), sick('e', {serving: true})],
  ];
  const ledger = start();
  t.equal(note(others, 5, ledger), ledger);
  t.equal(unwellAt(ledger), null);
});

t.test('a proven release, and no rollout at all, are watched by nobody', async t => {
  for (const ledger of [start({proven: NEW}), start({rollout: null})]) {
    t.equal(note([sick('a')], 5, ledger), ledger);
    t.equal(unwellAt(ledger), null);
  }
});
