/** A whole rollout on a real Consul: how long it takes, what it asks of the servers, and whether more hosts are out than may be. */
import {performance} from 'node:perf_hooks';
import {readLedger} from '../../../agent/core/fleet/ledger.ts';
import {placeOf} from '../../../agent/core/fleet/order.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import type {Store} from '../../../agent/ports.ts';
import {openStore} from '../../../agent/store/open.ts';
import {eventually} from '../../../test/support/eventually.ts';
import {type Moment, type Part, type Shards, startShards} from './shards.ts';
import {between, type Wire} from './wire.ts';

export interface Fleet {
  /** of the Consul agents, `http://host:port`; the hosts are spread over them, a process for each */
  readonly addresses: readonly string[];
  readonly hosts: number;
  /** how long the slowest host is out for, ms */
  readonly slowestMs: number;
  /** so long the fleet is watched while nothing happens, ms */
  readonly idleMs: number;
  readonly say?: (text: string) => void;
}

export interface Rollout {
  /** from the thaw, when every host has staged and waits, until the last has given its permit back, ms */
  readonly wallMs: number;
  /** waves times slowest host, ms */
  readonly idealMs: number;
  /** moments at which more hosts were out of traffic than the policy allows */
  readonly violations: number;
  /** the most that were out */
  readonly out: number;
  /** of all hosts, from the bump on, the coordinator's with them */
  readonly cost: Wire;
  /** of an idle fleet in the same time */
  readonly idle: Wire;
}

const never = new AbortController().signal;
const [OLD, NEW] = ['snap-11111111111111111', 'snap-22222222222222222'] as const;
const SHARE = 0.2;
/** the fastest host's time, of the slowest one's; each host's own is between, and the same in every run */
const FASTEST = 0.8;

/** How many hosts may be out at once. */
export const limitOf = (hosts: number): number => Math.max(1, Math.floor(hosts * SHARE));

/** How long each host is out for, ms. */
export const outMsOf = (n: number, {hosts, slowestMs}: Pick<Fleet, 'hosts' | 'slowestMs'>): number =>
  n === hosts - 1 ? slowestMs : slowestMs * (FASTEST + ((1 - FASTEST) * placeOf(`host ${n}`)) / 2 ** 32);

/** Waves times slowest host, ms. */
export const idealMsOf = ({hosts, slowestMs}: Pick<Fleet, 'hosts' | 'slowestMs'>): number =>
  Math.ceil(hosts / limitOf(hosts)) * slowestMs;

/** Boots a fleet, and has it follow a bump. */
export const runRollout = async (fleet: Fleet): Promise<Rollout> => {
  const {hosts: count, say = () => undefined} = fleet;
  const parts = partsOf(fleet);
  const [first] = parts;
  if (!first) throw new Error('expected a Consul agent at least');
  const store = await openStore(first.store);
  const keys = keysOf('web', 'production');
  const put = (key: string, value: string) => store.put(key, value, 'any', never);
  let shards: Shards | undefined;
  try {
    await put(keys.policy, JSON.stringify({concurrency: `${SHARE * 100}%`}));
    await put(keys.desired, OLD);
    const started = startShards(parts);
    shards = started;
    const allServe = async (release: string): Promise<boolean> => (await started.serving(release)) === count;
    await reached('every host to serve', () => allServe(OLD));
    await reached('the release to be proven', async () => (await provenIn(store, keys.ledger)) === OLD);
    say(`${count} hosts serve`);
    const begun = (await started.moments()).length;
    const idle = await watchIdle(fleet, started);
    await put(keys.freeze, 'until all have staged');
    const before = await started.wire();
    const bumpedAt = performance.now();
    await put(keys.desired, NEW);
    await reached('every host to wait', async () => (await started.waiting()) === count);
    say('all have staged, and wait');
    await store.delete(keys.freeze, 'any', never);
    const thawedAt = performance.now();
    await reached('every host to serve the new release', () => allServe(NEW));
    const wallMs = performance.now() - thawedAt;
    const cost = between(before, await started.wire());
    const share = (performance.now() - bumpedAt) / fleet.idleMs;
    await reached('the release to be proven', async () => (await provenIn(store, keys.ledger)) === NEW);
    const complaints = await started.complaints();
    if (complaints.length > 0) say(`${complaints.length} complaints, such as: ${complaints[0]}`);
    return {
      ...{wallMs, idealMs: idealMsOf(fleet), cost},
      ...countOut((await started.moments()).slice(begun), limitOf(count)),
      idle: {
        requests: idle.requests * share,
        bytes: idle.bytes * share,
        statuses: idle.statuses * share,
      },
    };
  } finally {
    await shards?.stop();
    await store.close();
  }
};

const partsOf = ({addresses, hosts, slowestMs}: Fleet): readonly Part[] =>
  addresses.map((url, n) => ({
    store: {kind: 'consul', url, prefix: `bench-${hosts}`},
    from: Math.round((n * hosts) / addresses.length),
    to: Math.round(((n + 1) * hosts) / addresses.length),
    ...{hosts, slowestMs},
  }));

const reached = (what: string, holds: () => boolean | Promise<boolean>): Promise<boolean> =>
  eventually(what, holds, {timeoutMs: 1_800_000});

const provenIn = async (store: Store, key: string): Promise<string | null> => {
  const reading = readLedger((await store.get(key, never))?.value ?? null);
  return reading.ok ? reading.value.proven : null;
};

const watchIdle = async ({idleMs}: Fleet, shards: Shards): Promise<Wire> => {
  await new Promise(resolve => setTimeout(resolve, 2_000)); // what is said last of the boots
  const before = await shards.wire();
  await new Promise(resolve => setTimeout(resolve, idleMs));
  return between(before, await shards.wire());
};

/** Counts who is out at each moment. Boots are none of them: a host that serves nothing needs no permit. */
const countOut = (moments: readonly Moment[], limit: number): Pick<Rollout, 'violations' | 'out'> => {
  let [now, out, violations] = [0, 0, 0];
  for (const {isOut} of moments) {
    now += isOut ? 1 : -1;
    out = Math.max(out, now);
    if (isOut && now > limit) violations += 1;
  }
  return {violations, out};
};
