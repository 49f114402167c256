/** Fleets of any size for the planner, as their coordinator sees them. */
import {EMPTY_LEDGER, type Ledger} from '../../agent/core/fleet/ledger.ts';
import type {FleetView} from '../../agent/core/fleet/plan.ts';
import type {HostStatus} from '../../agent/core/host/status.ts';
import {DEFAULT_POLICY} from '../../agent/core/policy/policy.ts';

const OLD = 'snap-0123456789abcdef0';
const NEW = 'snap-0fedcba9876543210';
const ZONES = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'] as const;

/** Every host has staged the release and waits. */
export const waitingFleet = (count: number): FleetView => ({
  ledger: {...EMPTY_LEDGER, proven: OLD},
  hosts: Array.from({length: count}, (_, n) => waitingHost(n)),
  desired: {release: {kind: 'ebs', snapshot: NEW}, version: '42'},
  policy: DEFAULT_POLICY,
  freeze: null,
  lock: null,
  missing: [],
  gone: new Set(),
  now: 1_700_000_000_000,
});

/** A third is done, a fifth is out, and one of those reports that it is done. */
export const halfwayFleet = (count: number): FleetView => {
  const view = waitingFleet(count);
  const done = Math.floor(count / 3);
  const out = Math.floor(count / 5) - 1;
  const hosts = view.hosts.map((host, n): HostStatus => {
    if (n < done) return {...host, phase: 'serving', wants: null, active: NEW, outcome: outcomeOf(n + 1)};
    return n < done + out ? {...host, phase: 'gating', serving: false, permit: n + 1} : host;
  });
  const permits = hosts.slice(done - 1, done + out).map(({instance}, n) => ({
    ...{host: instance, fence: done + n, release: NEW, version: '42', since: view.now},
  }));
  const ledger: Ledger = {
    ...view.ledger,
    fence: done + out,
    rollout: {
      number: 1,
      version: '42',
      release: NEW,
      since: 1_700_000_000_000,
      way: 'forward',
      wave: 0,
      bakes: null,
      unwell: null,
      revert: null,
    },
    permits,
  };
  return {...view, hosts, ledger};
};

const outcomeOf = (fence: number): HostStatus['outcome'] => ({
  ...{fence, result: 'done', release: NEW, version: '42', cause: null},
});

const waitingHost = (n: number): HostStatus => ({
  format: 1,
  instance: `i-${(0x0a1b2c3d4e5f0000 + n * 7_919).toString(16).padStart(17, '0')}`,
  zone: ZONES[n % ZONES.length] ?? ZONES[0],
  role: 'web',
  phase: 'waiting',
  serving: true,
  active: OLD,
  previous: null,
  wants: {release: NEW, version: '42'},
  permit: null,
  outcome: null,
  reason: null,
  since: 1_700_000_000_000,
  agent: '0.1.0',
});
