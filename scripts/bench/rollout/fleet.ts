/** A whole rollout on a real Consul: how long it takes, what it asks of the servers, and whether more hosts are out than may be. */
import {performance} from 'node:perf_hooks';
import {readLedger} from '../../../agent/core/fleet/ledger.ts';
import {placeOf} from '../../../agent/core/fleet/order.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import type {Log, Store} from '../../../agent/ports.ts';
import {openStore} from '../../../agent/store/open.ts';
import {eventually} from '../../../test/support/eventually.ts';
import {type BenchHost, startHost} from './host.ts';
import {between, type Wire} from './wire.ts';

export interface Fleet {
  /** of the Consul, `http://host:port` */
  readonly address: string;
  readonly hosts: number;
  /** how long the slowest host is out for, ms */
  readonly slowestMs: number;
  /** so long the fleet is watched while nothing happens, ms */
  readonly idleMs: number;
  readonly wire: () => Wire;
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
const STARTED_AT_ONCE = 25;

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
  const {address, hosts: count, say = () => undefined} = fleet;
  const settings = {kind: 'consul', url: address, prefix: `bench-${count}`} as const;
  const store = await openStore(settings);
  const keys = keysOf('web', 'production');
  const out = countOut(limitOf(count));
  const complaints: string[] = [];
  const log = complaining(complaints);
  const hosts: BenchHost[] = [];
  const put = (key: string, value: string) => store.put(key, value, 'any', never);
  try {
    await put(keys.policy, JSON.stringify({concurrency: `${SHARE * 100}%`}));
    await put(keys.desired, OLD);
    for (let n = 0; n < count; n += 1) {
      const instance = `i-${(0x0a1b2c3d4e5f0000 + n * 7_919).toString(16).padStart(17, '0')}`;
      const parts = {store: await openStore(settings), keys, instance, zone: `zone-${n % 3}`, log};
      hosts.push(startHost({...parts, outMs: () => outMsOf(n, fleet), turned: out.turned}));
      if (n % STARTED_AT_ONCE === 0) await new Promise(resolve => setTimeout(resolve, 100));
    }
    const serving = (release: string): boolean =>
      hosts.every(({state}) => {
        const now = state();
        return (
          now.phase === 'serving' &&
          now.active?.release.kind === 'ebs' &&
          now.active.release.snapshot === release
        );
      });
    await reached('every host to serve', () => serving(OLD));
    await reached('the release to be proven', async () => (await provenIn(store, keys.ledger)) === OLD);
    say(`${count} hosts serve`);
    out.begin();
    const idle = await watchIdle(fleet);
    await put(keys.freeze, 'until all have staged');
    const before = fleet.wire();
    const bumpedAt = performance.now();
    await put(keys.desired, NEW);
    await reached('every host to wait', () => hosts.every(({state}) => state().phase === 'waiting'));
    say('all have staged, and wait');
    await store.delete(keys.freeze, 'any', never);
    const thawedAt = performance.now();
    await reached('every host to serve the new release', () => serving(NEW));
    const wallMs = performance.now() - thawedAt;
    const cost = between(before, fleet.wire());
    const share = (performance.now() - bumpedAt) / fleet.idleMs;
    await reached('the release to be proven', async () => (await provenIn(store, keys.ledger)) === NEW);
    if (complaints.length > 0) say(`${complaints.length} complaints, such as: ${complaints[0]}`);
    return {
      ...{wallMs, idealMs: idealMsOf(fleet), violations: out.violations(), out: out.most(), cost},
      idle: {
        requests: idle.requests * share,
        bytes: idle.bytes * share,
        statuses: idle.statuses * share,
      },
    };
  } finally {
    await Promise.all(hosts.map(host => host.stop()));
    await store.close();
  }
};

const reached = (what: string, holds: () => boolean | Promise<boolean>): Promise<boolean> =>
  eventually(what, holds, {timeoutMs: 1_800_000});

const provenIn = async (store: Store, key: string): Promise<string | null> => {
  const reading = readLedger((await store.get(key, never))?.value ?? null);
  return reading.ok ? reading.value.proven : null;
};

const watchIdle = async ({wire, idleMs}: Fleet): Promise<Wire> => {
  await new Promise(resolve => setTimeout(resolve, 2_000)); // what is said last of the boots
  const before = wire();
  await new Promise(resolve => setTimeout(resolve, idleMs));
  return between(before, wire());
};

/** Counts who is out at each change. Boots are not counted: a host that serves nothing needs no permit. */
const countOut = (limit: number) => {
  let [now, most, violations] = [0, 0, 0];
  let isWatched = false;
  return {
    begin: () => {
      isWatched = true;
    },
    turned: (isOut: boolean): void => {
      if (!isWatched) return;
      now += isOut ? 1 : -1;
      most = Math.max(most, now);
      if (isOut && now > limit) violations += 1;
    },
    violations: () => violations,
    most: () => most,
  };
};

const complaining = (complaints: string[]): Log => ({
  debug: () => undefined,
  info: () => undefined,
  warning: text => void complaints.push(text),
  error: text => void complaints.push(text),
});
