import {readingOf} from '../../core/desired.ts';
import type {FleetView} from '../../core/fleet/plan.ts';
import {readFreeze, readLock} from '../../core/fleet/stops.ts';
import {type HostStatus, readStatus} from '../../core/host/status.ts';
import type {Keys} from '../../core/keys.ts';
import {DEFAULT_POLICY, readPolicy} from '../../core/policy/policy.ts';
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
  view(): Pick<FleetView, 'hosts' | 'desired' | 'policy' | 'unreadable' | 'freeze' | 'lock'> | null;
}

/** Each answer has the whole prefix, about 1 KB a host: no fleet asks for more than 1 MB a second. */
const PAUSE_MS_EACH = 1;
const LONGEST_PAUSE_MS = 5_000;

/** How long after a look at the statuses of so many hosts nobody looks again, ms: so that a larger fleet asks for no more bytes a second. */
export const pauseAfterMs = (hosts: number): number => Math.min(LONGEST_PAUSE_MS, hosts * PAUSE_MS_EACH);

const TOPICS = ['hosts', 'desired', 'policy', 'freeze', 'lock'] as const;
type Topic = (typeof TOPICS)[number];

/** Follows the hosts' statuses and what operators wrote until the signal is aborted. */
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
      if (topic === 'hosts') await clock.sleep(pauseAfterMs(update.entries.length), signal);
    }
  };
  const tell = (error: unknown) => {
    if (!signal.aborted) log.error(`the fleet cannot be watched: ${String(error)}`);
  };
  for (const topic of TOPICS) follow(topic, keys[topic]).catch(tell);

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
      if (!hosts || TOPICS.some(topic => !known.has(topic))) return null;
      const documents = new Map([...known].map(([topic, entries]) => [topic, entries[0]] as const));
      return readView(statuses(hosts), documents, keys);
    },
  };
};

const readView = (
  hosts: readonly HostStatus[],
  documents: ReadonlyMap<Topic, Entry | undefined>,
  keys: Keys,
): ReturnType<FleetWatch['view']> => {
  const [policy, freeze, lock] = [documents.get('policy'), documents.get('freeze'), documents.get('lock')];
  const rules = policy ? readPolicy(policy.value) : {ok: true as const, policy: DEFAULT_POLICY};
  const reading = readingOf(documents.get('desired'), keys.desired);
  return {
    hosts,
    desired: reading.ok ? reading.desired : null,
    policy: rules.ok ? rules.policy : DEFAULT_POLICY,
    unreadable: rules.ok ? null : rules.cause,
    freeze: freeze ? readFreeze(freeze.value) : null,
    lock: lock ? readLock(lock.value) : null,
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
