import {type Call, type Granted, grantedOf, NO_CALL, readCall} from '../../core/fleet/call/call.ts';
import {type Notice, readNotice} from '../../core/fleet/call/notice.ts';
import type {Revert} from '../../core/fleet/ledger.ts';
import type {Dispatch} from '../../core/host/event-input.ts';
import type {State} from '../../core/host/state.ts';
import {attemptOf} from '../../core/host/step.ts';
import type {Keys} from '../../core/keys.ts';
import {reasonOf} from '../../core/reason-error.ts';
import {parseRelease} from '../../core/release.ts';
import type {Clock} from '../../host/clock.ts';
import {jittered} from '../../host/pause.ts';
import type {Store} from '../../ports.ts';
import {readLedgerFrom} from '../ledger.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly instance: string;
  readonly generation: () => number;
  readonly dispatch: Dispatch;
  readonly clock: Clock;
}

export interface Permits {
  /** Listens for the call to this host until the signal is aborted. */
  listen(signal: AbortSignal): Promise<void>;
  /** Looks now and then, until the signal is aborted, why it is not this host's turn: a permit comes by the call. */
  ask(signal: AbortSignal): Promise<void>;
}

const EVERY_MS = 15_000;
/** A fleet of more hosts looks more seldom, so that all of them together do not look oftener. */
const HOSTS = 200;
const SELDOM_MS = 300_000;
const SOLO_EVERY_MS = 2_000;

/** How long a waiting host of a fleet with about so many hosts goes without a look at the notice, ms; half of it as the case may be. */
export const lookEveryMs = (hosts: number): number =>
  Math.min(SELDOM_MS, EVERY_MS * Math.max(1, hosts / HOSTS));

/**
 * How a host learns of its permit: it is called, and asks the ledger before it believes. What it learns is dispatched in any phase; the
 * core gives a permit back that comes when it is no longer wanted. Why it waits is in the notice, which is as large for every fleet.
 */
export const createPermits = (parts: Parts): Permits => {
  const {store, keys, instance, generation, dispatch, clock} = parts;
  let hosts = 0;
  /** a call that could not be followed yet */
  let pending: string | null = null;
  let heard = NO_CALL;

  const trying = async (work: () => Promise<void>, signal: AbortSignal): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!signal.aborted)
        dispatch({type: 'permit.blocked', generation: generation(), cause: reasonOf(error)});
    }
  };

  const hear = (call: string, signal: AbortSignal): Promise<void> =>
    trying(async () => {
      pending = call;
      await follow(readCall(call), signal);
      pending = null;
      heard = call;
    }, signal);

  const follow = async (call: Call, signal: AbortSignal): Promise<void> => {
    if (call.type === 'nothing') return;
    if (call.type === 'revert') return look(signal);
    // the ledger in which the permit was given still stands, or is asked for what became of it
    if (call.type === 'permit' && (await store.isAt(keys.ledger, call.ledger, signal))) grant(call.permit);
    else await readLedger(signal);
  };

  const look = async (signal: AbortSignal): Promise<void> => {
    const entry = await store.get(keys.notice, signal);
    const reading = entry && readNotice(entry.value);
    if (!reading?.ok) return readLedger(signal); // whoever coordinates is of an older version
    tell(reading.value);
  };

  const readLedger = async (signal: AbortSignal): Promise<void> => {
    const ledger = await readLedgerFrom({store, keys}, signal);
    const mine = ledger.permits.find(permit => permit.host === instance);
    tell(mine ? {...ledger, blocked: null} : ledger);
    if (mine) grant(grantedOf(mine, ledger.rollout));
  };

  const grant = ({fence, version, quick}: Granted): void =>
    dispatch({type: 'permit.granted', generation: generation(), fence, version, ...(quick && {quick})});

  const tell = ({rollout, blocked, hosts: about = 0}: Told): void => {
    hosts = about;
    if (rollout?.revert) dispatchRevert(rollout, rollout.revert);
    if (blocked) dispatch({type: 'permit.blocked', generation: generation(), cause: blocked});
  };

  const dispatchRevert = (
    {version, ...rollout}: NonNullable<Told['rollout']>,
    {release: target, cause}: Revert,
  ): void => {
    const [release, to] = [parseRelease(rollout.release), parseRelease(target)];
    if (release && to) dispatch({type: 'rollout.reverted', version, release, to, cause});
  };

  // A key that is there is answered at once; waiting for a missing key is slow on old Consul (any write wakes the waiter).
  const hangBell = async (signal: AbortSignal): Promise<void> => {
    try {
      await store.put(keys.call(instance), NO_CALL, 'absent', signal);
    } catch {
      // Whoever coordinates calls again.
    }
  };

  return {
    listen: async signal => {
      await hangBell(signal);
      for await (const update of store.watch(keys.call(instance), signal)) {
        if (update.type !== 'value') continue;
        const call = update.entries[0]?.value ?? NO_CALL;
        if (call !== heard) await hear(call, signal);
      }
    },
    ask: async signal => {
      while (!signal.aborted) {
        await clock.sleep(jittered(lookEveryMs(hosts), 0.5, clock.random), signal);
        if (signal.aborted) return;
        if (pending === null) await trying(() => look(signal), signal);
        else await hear(pending, signal);
      }
    },
  };
};

/** What the ledger and the notice both say to every host. */
type Told = Pick<Notice, 'rollout' | 'blocked' | 'hosts'>;

interface Solo {
  readonly state: () => State;
  readonly dispatch: Dispatch;
  readonly clock: Clock;
}

/** Permits of a host that is not coordinated with others: granted at once, and again while it does not take one. */
export const soloPermits = ({state, dispatch, clock}: Solo): Pick<Permits, 'ask'> => ({
  ask: async signal => {
    while (!signal.aborted) {
      const now = state();
      const {generation, outcome} = now;
      const version = attemptOf(now)?.version ?? '';
      const fence = Math.max(generation, (outcome?.fence ?? 0) + 1);
      dispatch({type: 'permit.granted', generation, fence, version});
      await clock.sleep(SOLO_EVERY_MS, signal);
    }
  },
});
