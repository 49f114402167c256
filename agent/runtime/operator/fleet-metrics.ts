import {by, facts, type Metric, single} from '../../core/exposition.ts';
import {isInTraffic} from '../../core/fleet/capacity.ts';
import {failedHosts} from '../../core/fleet/failure/verdict.ts';
import {standingOf} from '../../core/fleet/operate/standing.ts';
import type {FleetView} from '../../core/fleet/plan.ts';
import {PHASES, type Phase} from '../../core/host/state.ts';

/** What only the coordinator knows: of all hosts of the fleet, one tells these. */
export const fleetMetrics = (view: FleetView): readonly Metric[] => {
  const {hosts, ledger, missing} = view;
  const {permits, failures, rollout, blocked} = ledger;
  const phases = new Map<Phase, number>(PHASES.map(phase => [phase, 0]));
  for (const {phase} of hosts) phases.set(phase, (phases.get(phase) ?? 0) + 1);
  const gauge = (name: string, help: string, value: number): Metric =>
    single(`release_agent_fleet_${name}`, 'gauge', help, value);
  return [
    by(
      'phase',
      {name: 'release_agent_fleet_hosts', type: 'gauge', help: 'Hosts of the fleet, by phase.'},
      phases,
    ),
    gauge('serving_hosts', 'Hosts that serve and get requests.', hosts.filter(isInTraffic).length),
    gauge('missing_hosts', 'Hosts that are not seen any more and not known to be gone.', missing.length),
    gauge('permits', 'Permits that are out.', permits.length),
    gauge(
      'oldest_permit_time_seconds',
      'When the oldest permit that is out was granted, in seconds since the epoch; 0 when none is.',
      permits.length === 0 ? 0 : Math.min(...permits.map(({since}) => since)) / 1_000,
    ),
    gauge('failed_hosts', 'Hosts on which the release of the rollout failed.', failedHosts(failures)),
    gauge('rollout', 'The number of the last rollout; 0 before the first.', rollout?.number ?? 0),
    facts('release_agent_fleet_standing', 'Where the fleet stands, in one word.', [
      {standing: standingOf(view)},
    ]),
    facts(
      'release_agent_fleet_blocked',
      'Why nobody else gets a permit, by the kind of the reason.',
      blocked ? [{reason: blocked.kind}] : [],
    ),
  ];
};
