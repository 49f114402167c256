/** Everything that Prometheus is told, put together when it is asked for: docs/events-and-metrics.md has a line for each. */
import process from 'node:process';
import {by, exposition, facts, type Metric, single} from '../../core/exposition.ts';
import type {FleetView} from '../../core/fleet/plan.ts';
import {PHASES, type State} from '../../core/host/state.ts';
import {attemptOf} from '../../core/host/step.ts';
import {isServing} from '../../core/host/why.ts';
import type {Reason} from '../../core/reason.ts';
import {releaseId} from '../../core/release.ts';
import type {Problems} from '../health/problems.ts';
import type {StoreHealth} from '../health/store.ts';
import type {Self} from '../self.ts';
import type {WebhookCounts} from '../telling/counts.ts';
import {fleetMetrics} from './fleet-metrics.ts';
import type {Steps} from './steps.ts';

interface Parts {
  readonly self: Self;
  readonly state: () => State;
  readonly unhealthy: () => Reason | null;
  readonly problems: Problems;
  readonly health: StoreHealth;
  readonly steps: Steps;
  readonly told: ReadonlyMap<string, WebhookCounts>;
  /** the fleet as this host saw it last while it coordinates; null while it does not */
  readonly glance: () => FleetView | null;
  readonly now: () => number;
}

/** Gives the metrics as text. Nothing is asked for: it is what this host knows anyway. */
export const createMetrics = (parts: Parts) => (): string => {
  const glance = parts.glance();
  return exposition([
    ...processMetrics(parts.now()),
    ...hostMetrics(parts),
    ...workMetrics(parts),
    single('release_agent_coordinator', 'gauge', 'Whether this host coordinates the fleet.', glance !== null),
    ...(glance ? fleetMetrics(glance) : []),
    webhookMetric(parts.told),
  ]);
};

const seconds = (ms: number): number => ms / 1_000;

const processMetrics = (now: number): readonly Metric[] => {
  const {user, system} = process.cpuUsage();
  return [
    single(
      'process_start_time_seconds',
      'gauge',
      'When the agent started, in seconds since the epoch.',
      seconds(Math.round(now - process.uptime() * 1_000)),
    ),
    single('process_cpu_seconds_total', 'counter', 'CPU time that the agent took.', (user + system) / 1e6),
    single('process_resident_memory_bytes', 'gauge', 'Memory of the agent.', process.memoryUsage.rss()),
  ];
};

const hostMetrics = ({self, state, unhealthy, problems}: Parts): readonly Metric[] => {
  const now = state();
  const {agent, instance, zone, app, channel, role} = self;
  const reasons = new Set(problems.of(now).map(({kind}) => kind));
  return [
    facts('release_agent_build_info', 'The version of the agent.', [{version: agent}]),
    facts('release_agent_host_info', 'Which host this is.', [{host: instance, zone, app, channel, role}]),
    facts(
      'release_agent_release_info',
      'The releases of this host, by what they are to it.',
      releasesOf(now),
    ),
    by(
      'phase',
      {name: 'release_agent_phase', type: 'gauge', help: 'Which phase the host is in: 1 for that one.'},
      PHASES.map(phase => [phase, Number(phase === now.phase)] as const),
    ),
    single(
      'release_agent_phase_start_time_seconds',
      'gauge',
      'Since when it is in its phase, in seconds since the epoch.',
      seconds(now.since),
    ),
    single('release_agent_generation', 'gauge', 'The number of the last activation.', now.generation),
    single(
      'release_agent_in_service',
      'gauge',
      'Whether the host is in traffic and its application passes its probes.',
      isServing(now) && unhealthy() === null,
    ),
    single('release_agent_held', 'gauge', 'Whether an operator holds the host.', now.hold !== null),
    facts(
      'release_agent_problem',
      'What is in the way, by the kind of the reason.',
      [...reasons].map(kind => ({reason: kind})),
    ),
  ];
};

const releasesOf = (state: State): readonly Readonly<Record<string, string>>[] =>
  (
    [
      ['active', state.active?.release],
      ['previous', state.previous?.release],
      ['target', attemptOf(state)?.target.release],
      ['desired', state.desired?.release],
    ] as const
  ).flatMap(([is, release]) => (release ? [{is, release: releaseId(release)}] : []));

const workMetrics = ({steps, health, now}: Parts): readonly Metric[] => {
  const since = steps.permitSince();
  return [
    by(
      'purpose',
      {
        ...{name: 'release_agent_attempts_total', type: 'counter'},
        help: 'How often the host began to make a release the running one, by why.',
      },
      steps.attempts,
    ),
    by(
      'phase',
      {
        ...{name: 'release_agent_phase_last_duration_seconds', type: 'gauge'},
        help: 'How long a phase took when it was left last.',
      },
      [...steps.lastMs].map(([phase, ms]) => [phase, seconds(ms)] as const),
    ),
    single(
      'release_agent_permit_held_seconds',
      'gauge',
      'How long the host has held its permit; 0 without one.',
      since === null ? 0 : seconds(Math.max(0, now() - since)),
    ),
    single('release_agent_store_up', 'gauge', 'Whether the store answers.', health.lost() === null),
    by(
      'reason',
      {
        ...{name: 'release_agent_store_errors_total', type: 'counter'},
        help: 'How often the store did not do what was asked, by the kind of the reason.',
      },
      health.errors(),
    ),
  ];
};

const webhookMetric = (told: ReadonlyMap<string, WebhookCounts>): Metric => ({
  ...{name: 'release_agent_webhook_events_total', type: 'counter'},
  help: 'Events of the fleet that this host told, by webhook and by what became of them.',
  samples: [...told].flatMap(([webhook, counts]) =>
    (['sent', 'failed', 'dropped'] as const).map(result => ({
      ...{labels: {webhook, result}, value: counts[result]},
    })),
  ),
});
