/** A fleet of thousands in the middle of a rollout, with the longest of everything. */
import {EMPTY_LEDGER} from '../../../agent/core/fleet/ledger.ts';
import type {FleetView} from '../../../agent/core/fleet/plan.ts';
import {plan} from '../../../agent/core/fleet/plan.ts';
import type {HostStatus} from '../../../agent/core/host/status.ts';
import {reason} from '../../../agent/core/reason.ts';
import {host, policy, rollout, view} from '../../core/fleet/fleet.ts';

export const NEW = 'b'.repeat(40);
export const OLD = 'snap-0123456789abcdef0';
export const NOW = 1_800_000_000_000;
const PHASES = ['serving', 'staging', 'waiting', 'draining', 'activating', 'gating'] as const;

export const instance = (n: number): string => `i-${n.toString(16).padStart(17, '0')}`;

const statusOf = (n: number): HostStatus => {
  const isNew = n % 3 === 0;
  return host(instance(n), {
    zone: `ap-southeast-${(n % 20) + 1}a`,
    active: isNew ? NEW : OLD,
    phase: isNew ? 'serving' : (PHASES[n % PHASES.length] ?? 'serving'),
    serving: n % 7 !== 0,
    wants: isNew ? null : {release: NEW, version: '2'},
    since: NOW - 90_000_000,
    reason: n % 11 === 0 ? reason('unexpected', {cause: `${'word '.repeat(30)}${'x'.repeat(90)}`}) : null,
    ...(n < 20 && {canary: true}),
  });
};

/** What the coordinator of 3,000 hosts has written. */
export const largeView = (): FleetView => {
  const hosts = Array.from({length: 3_000}, (_, n) => statusOf(n));
  const long = 'a very long story with no end '.repeat(20);
  const before = view(hosts, {
    ledger: {...EMPTY_LEDGER, proven: OLD, rollout: rollout({release: NEW, wave: 1, since: NOW - 7_000_000})},
    desired: {release: {kind: 'git', revision: NEW}, version: '2', by: 'ada', message: long},
    policy: policy({waves: ['canary', {percent: 60}, {percent: 100}], budget: {percent: 20}}),
    missing: Array.from({length: 200}, (_, n) => ({
      host: instance(9_000 + n),
      since: NOW - 1_000,
      rollout: '2',
      ec2: 'shutting-down',
    })),
    now: NOW,
  });
  const failures = hosts
    .slice(0, 300)
    .map((each, n) => ({host: each.instance, fence: n, cause: each.reason}));
  const {ledger} = plan({...before, ledger: {...before.ledger, failures}});
  return {
    ...before,
    ledger: {...ledger, denied: Array.from({length: 50}, (_, n) => `${n}`.padStart(40, 'c'))},
    freeze: {by: 'ada', note: long, at: NOW},
    lock: {by: 'x'.repeat(90), why: long, at: null},
  };
};
