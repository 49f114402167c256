import {type FleetView, type Plan, plan} from '../../core/fleet/plan.ts';
import {readFreeze, readLock} from '../../core/fleet/stops.ts';
import type {Keys} from '../../core/keys.ts';
import type {Store} from '../../ports.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
}

/**
 * The next plan. One that begins a rollout or gives permits is made with the freeze and the lock as the store has them now: a watch of
 * a key that is not there may hear of it seconds late (Consul before 1.11.4, see `createPace`).
 */
export const planNow = async ({store, keys}: Parts, view: FleetView, signal: AbortSignal): Promise<Plan> => {
  const next = plan(view);
  const begins = next.ledger.rollout?.version !== view.ledger.rollout?.version;
  if (!begins && next.granted.length === 0) return next;
  const [freeze, lock] = await Promise.all([store.get(keys.freeze, signal), store.get(keys.lock, signal)]);
  return plan({
    ...view,
    freeze: freeze && readFreeze(freeze.value),
    lock: lock && readLock(lock.value),
  });
};
