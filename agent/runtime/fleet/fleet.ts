/** What ties this host to the others: its status, its permits, and the coordinator's hat when it wears it. */

import type {Settings} from '../../config/settings.ts';
import type {FleetView} from '../../core/fleet/plan.ts';
import type {Turn} from '../../core/host/event.ts';
import type {Dispatch} from '../../core/host/event-input.ts';
import type {State} from '../../core/host/state.ts';
import {statusOf} from '../../core/host/why.ts';
import type {Keys} from '../../core/keys.ts';
import type {Reason} from '../../core/reason.ts';
import type {Clock} from '../../host/clock.ts';
import type {Ec2} from '../../host/ec2/ec2.ts';
import {withTimeLimit} from '../../host/time-limit.ts';
import type {Webhook} from '../../notify/webhook.ts';
import type {Log, Store} from '../../ports.ts';
import type {StoreHealth} from '../health/store.ts';
import type {Self} from '../self.ts';
import type {Task} from '../tasks.ts';
import {createCounts, type WebhookCounts} from '../telling/counts.ts';
import {createTelling} from '../telling/telling.ts';
import {coordinate} from './coordinator.ts';
import {createPermits, soloPermits} from './permits.ts';
import {createPublisher} from './publish.ts';
import {createTurn} from './turn.ts';

interface Parts {
  readonly settings: Pick<Settings, 'coordinate'>;
  readonly store: Store;
  readonly keys: Keys;
  readonly self: Self;
  readonly ec2: Pick<Ec2, 'instanceState'> | null;
  readonly state: () => State;
  readonly unhealthy: () => Reason | null;
  /** why this host can begin nothing now */
  readonly unable: () => Reason | null;
  readonly health: StoreHealth;
  /** false while those who send traffic may not know that this host is back */
  readonly visible: () => boolean;
  readonly dispatch: Dispatch;
  /** told what happens to the fleet while this host coordinates it, and what became of that */
  readonly webhooks?: readonly Webhook[];
  readonly told?: ReadonlyMap<string, WebhookCounts>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface FleetTasks {
  /** This host's status may have changed. */
  touch(): void;
  askPermit(signal: AbortSignal): Promise<void>;
  /** When this host does what all hosts are told at once; null when it is not coordinated with any. */
  readonly turn: ((signal: AbortSignal) => Promise<Turn>) | null;
  /** the fleet as this host saw it last while it coordinates; null while it does not */
  glance(): FleetView | null;
  readonly tasks: Readonly<Record<string, Task>>;
}

/** Of a host key, which outlives an agent that restarts, and of the coordinator's hat. */
const TTL_MS = 15_000;
/** Nobody gets a permit while EC2 is asked. */
const EC2_DEADLINE_MS = 5_000;

/** The part of the agent that other hosts see. A host with `coordinate = "none"` only publishes its status. */
export const createFleetTasks = (parts: Parts): FleetTasks => {
  const {settings, store, keys, self, ec2, state, unhealthy, unable} = parts;
  const {health, visible, dispatch, clock, log} = parts;
  const {instance} = self;
  const {app: _app, channel: _channel, ...who} = self;
  const generation = () => state().generation;
  const document = () => {
    const status = statusOf(state(), who, {unhealthy: unhealthy(), unable: unable()});
    return JSON.stringify({...status, ...(status.serving && !visible() && {visible: false})});
  };
  const presence = store.presence({key: keys.host(instance), ttlMs: TTL_MS, takeOver: true});
  const publisher = createPublisher({presence, document, health, clock});
  if (settings.coordinate === 'none') {
    const {ask} = soloPermits({state, dispatch, clock});
    const tasks = {status: publisher.run};
    return {touch: publisher.touch, askPermit: ask, turn: null, glance: () => null, tasks};
  }
  const permits = createPermits({store, keys, instance, generation, dispatch, clock});
  const hat = store.presence({key: keys.coordinator, ttlMs: TTL_MS, takeOver: false});
  const ec2State = (host: string, signal: AbortSignal) => stateOf({ec2, clock}, host, signal);
  const {webhooks = [], told: counts = createCounts([])} = parts;
  const telling = () => createTelling({store, keys, instance, webhooks, counts, clock, log});
  const tell = webhooks.length > 0 ? telling : undefined;
  let seen: FleetView | null = null;
  const glance = (view: FleetView | null): void => {
    seen = view;
  };
  return {
    touch: publisher.touch,
    askPermit: permits.ask,
    glance: () => seen,
    turn: createTurn({store, keys, instance, clock}),
    tasks: {
      status: publisher.run,
      permits: permits.listen,
      coordinator: until =>
        coordinate({store, keys, instance, hat, ec2State, tell, glance, clock, log}, until),
    },
  };
};

// Only EC2 knows that a host will never come back.
const stateOf = async (
  {ec2, clock}: Pick<Parts, 'ec2' | 'clock'>,
  host: string,
  signal: AbortSignal,
): Promise<string> => {
  if (!ec2) return 'none';
  try {
    const limit = {timeoutMs: EC2_DEADLINE_MS, clock};
    return (await withTimeLimit(limit, until => ec2.instanceState(host, until), signal)) ?? 'absent';
  } catch {
    return 'unknown';
  }
};
