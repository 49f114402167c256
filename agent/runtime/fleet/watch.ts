import {readingOf} from '../../core/desired.ts';
import type {FleetView} from '../../core/fleet/plan.ts';
import {type HostStatus, readStatus} from '../../core/host/status.ts';
import type {Keys} from '../../core/keys.ts';
import {DEFAULT_POLICY, readPolicy} from '../../core/policy.ts';
import {reasonText} from '../../core/reason.ts';
import type {Clock} from '../../host/clock.ts';
import type {Entry, Log, Store} from '../../ports.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Log;
}

export interface FleetWatch {
  /** Returns when something changed since the last call, or after `timeoutMs`. */
  changed(options: {readonly timeoutMs: number}, signal: AbortSignal): Promise<void>;
  /** What is known of the fleet; null until all of it was read once. */
  view(): Pick<FleetView, 'hosts' | 'desired' | 'policy' | 'unreadable'> | null;
}

type Topic = 'hosts' | 'desired' | 'policy';

/** Follows the hosts' statuses, the desired release and the policy until the signal is aborted. */
export const createFleetWatch = ({store, keys, clock, log}: Parts, signal: AbortSignal): FleetWatch => {
  const known = new Map<Topic, readonly Entry[]>();
  const statuses = createStatuses(log);
  let dirty = false;
  let wake: (() => void) | null = null;

  const follow = async (topic: Topic, target: string): Promise<void> => {
    for await (const update of store.watch(target, signal)) {
      if (update.type !== 'value') continue;
      known.set(topic, update.entries);
      dirty = true;
      wake?.();
    }
  };
  const tell = (error: unknown) => {
    if (!signal.aborted) log.error(`the fleet cannot be watched: ${String(error)}`);
  };
  follow('hosts', keys.hosts).catch(tell);
  follow('desired', keys.desired).catch(tell);
  follow('policy', keys.policy).catch(tell);

  return {
    changed: async ({timeoutMs}, until) => {
      if (!dirty) {
        const changed = new AbortController();
        wake = () => changed.abort();
        await clock.sleep(timeoutMs, AbortSignal.any([until, changed.signal]));
        wake = null;
      }
      dirty = false;
    },
    view: () => {
      const hosts = known.get('hosts');
      const desired = known.get('desired');
      const policy = known.get('policy');
      if (!hosts || !desired || !policy) return null;
      return readView({hosts: statuses(hosts), desired: desired[0], policy: policy[0], keys});
    },
  };
};

interface Documents {
  readonly hosts: readonly HostStatus[];
  readonly desired: Entry | undefined;
  readonly policy: Entry | undefined;
  readonly keys: Keys;
}

const readView = ({hosts, desired, policy, keys}: Documents): ReturnType<FleetWatch['view']> => {
  const rules = policy ? readPolicy(policy.value) : {ok: true as const, policy: DEFAULT_POLICY};
  const reading = readingOf(desired, keys.desired);
  return {
    hosts,
    desired: reading.ok ? reading.desired : null,
    policy: rules.ok ? rules.policy : DEFAULT_POLICY,
    unreadable: rules.ok ? null : rules.cause,
  };
};

/** Reads a status once, however often the rest of the fleet changes; what is wrong with one is logged once, too. */
const createStatuses = (log: Log) => {
  let before: ReadonlyMap<string, Read> = new Map();
  return (entries: readonly Entry[]): readonly HostStatus[] => {
    const now = new Map(
      entries.map(entry => {
        const known = before.get(entry.key);
        return [entry.key, known?.value === entry.value ? known : readHost(entry, log)] as const;
      }),
    );
    before = now;
    return [...now.values()].flatMap(({status}) => status ?? []);
  };
};

interface Read {
  readonly value: string;
  readonly status: HostStatus | null;
}

const readHost = ({key, value}: Entry, log: Log): Read => {
  const reading = readStatus(key, value);
  if (reading.ok) return {value, status: reading.value};
  log.warning(reasonText(reading.cause));
  return {value, status: null};
};
