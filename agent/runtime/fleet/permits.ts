import type {Ledger, Permit, Revert, Rollout} from '../../core/fleet/ledger.ts';
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
  /** Looks at the ledger now and then until the signal is aborted: the call comes sooner, as a rule. */
  ask(signal: AbortSignal): Promise<void>;
}

const EVERY_MS = 15_000;
/** A fleet of more hosts looks more seldom, so that all of them together do not: what they read grows with it, too. */
const HOSTS = 200;
const SELDOM_MS = 300_000;
const SOLO_EVERY_MS = 2_000;

/** How long a waiting host of a fleet with about so many hosts goes without a look at the ledger, ms; half of it as the case may be. */
export const lookEveryMs = (hosts: number): number =>
  Math.min(SELDOM_MS, EVERY_MS * Math.max(1, hosts / HOSTS));

/**
 * How a host learns of its permit: it is woken, and reads the ledger before it believes. What the ledger says is
 * dispatched in any phase; the core gives a permit back that comes when it is no longer wanted.
 */
export const createPermits = (parts: Parts): Permits => {
  const {store, keys, instance, generation, dispatch, clock} = parts;
  let hosts = 0;

  const check = async (signal: AbortSignal): Promise<void> => {
    try {
      const ledger = await readLedgerFrom({store, keys}, signal);
      hosts = ledger.hosts ?? 0;
      tell(ledger);
    } catch (error) {
      if (!signal.aborted)
        dispatch({type: 'permit.blocked', generation: generation(), cause: reasonOf(error)});
    }
  };

  const tell = ({permits, blocked, rollout}: Ledger): void => {
    const mine = permits.find(permit => permit.host === instance);
    if (rollout?.revert) dispatchRevert(rollout, rollout.revert);
    if (mine) {
      const {fence, version} = mine;
      const quick = isQuick(rollout, mine) ? {quick: true} : {};
      dispatch({type: 'permit.granted', generation: generation(), fence, version, ...quick});
    } else if (blocked) {
      dispatch({type: 'permit.blocked', generation: generation(), cause: blocked});
    }
  };

  const dispatchRevert = (rollout: Rollout, revert: Revert): void => {
    const [release, to] = [parseRelease(rollout.release), parseRelease(revert.release)];
    const {version} = rollout;
    if (release && to) dispatch({type: 'rollout.reverted', version, release, to, cause: revert.cause});
  };

  // A key that is there is answered at once; waiting for a missing key is slow on old Consul (any write wakes the waiter).
  const hangBell = async (signal: AbortSignal): Promise<void> => {
    try {
      await store.put(keys.call(instance), '0', 'absent', signal);
    } catch {
      // The ledger is looked at now and then all the same.
    }
  };

  return {
    listen: async signal => {
      await hangBell(signal);
      for await (const update of store.watch(keys.call(instance), signal)) {
        if (update.type === 'value') await check(signal);
      }
    },
    ask: async signal => {
      while (!signal.aborted) {
        await clock.sleep(jittered(lookEveryMs(hosts), 0.5, clock.random), signal);
        if (!signal.aborted) await check(signal);
      }
    },
  };
};

// What was proven before is not watched anew on each host: a way back is to be quick.
const isQuick = (rollout: Rollout | null, {version, release}: Permit): boolean =>
  rollout !== null &&
  version === rollout.version &&
  (rollout.way === 'back' || release === rollout.revert?.release);

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
