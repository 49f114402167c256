/** A fleet that goes from one release to the next, as the planner sees it. */
import {EMPTY_LEDGER, type Ledger, type Rollout} from '../../../agent/core/fleet/ledger.ts';
import type {Missing} from '../../../agent/core/fleet/members.ts';
import type {FleetView} from '../../../agent/core/fleet/plan.ts';
import type {HostStatus, ReportedOutcome} from '../../../agent/core/host/status.ts';
import {DEFAULT_POLICY, type Policy} from '../../../agent/core/policy/policy.ts';

export const OLD = 'snap-11111111';
export const NEW = 'snap-22222222';

export const host = (instance: string, over: Partial<HostStatus> = {}): HostStatus => ({
  format: 1,
  instance,
  zone: 'a',
  role: 'web',
  phase: 'serving',
  serving: true,
  active: OLD,
  previous: null,
  wants: null,
  permit: null,
  outcome: null,
  reason: null,
  since: 0,
  agent: '0',
  ...over,
});

export const waiting = (instance: string, over: Partial<HostStatus> = {}): HostStatus =>
  host(instance, {phase: 'waiting', wants: {release: NEW, version: '2'}, ...over});

export const outcome = (fence: number, result: ReportedOutcome['result']): ReportedOutcome => ({
  fence,
  result,
  release: NEW,
  version: '2',
  cause: null,
});

export const view = (hosts: readonly HostStatus[], over: Partial<FleetView> = {}): FleetView => ({
  ledger: {...EMPTY_LEDGER, proven: OLD},
  hosts,
  desired: {release: {kind: 'ebs', snapshot: NEW}, version: '2'},
  policy: DEFAULT_POLICY,
  freeze: null,
  lock: null,
  missing: [],
  gone: new Set(),
  now: 1,
  ...over,
});

/** The rollout of NEW, on its way forward. */
export const rollout = (over: Partial<Rollout> = {}): Rollout => ({
  number: 1,
  version: '2',
  release: NEW,
  since: 1,
  way: 'forward',
  wave: 0,
  bakes: null,
  unwell: null,
  revert: null,
  ...over,
});

export const unseen = (name: string, over: Partial<Missing> = {}): Missing => ({
  host: name,
  since: 0,
  rollout: '2',
  ec2: 'running',
  ...over,
});

export const policy = (over: Partial<Policy>): Policy => ({...DEFAULT_POLICY, ...over});
export const holders = ({permits}: Ledger): readonly string[] => permits.map(permit => permit.host);
