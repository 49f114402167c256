import {isOpen} from '../../../agent/core/policy/window.ts';
import {EPOCH} from '../clock.ts';
import type {Invariant} from './invariant.ts';
import {policiesOf} from './past.ts';

/** A coordinator's clock is off by so much at most, and its plan is so old when it is written, ms. */
const OFF_MS = 60_000;

/** Nobody begins the release of a rollout on its way forward while every maintenance window is closed. */
export const windows: Invariant = (world, fail) => {
  const policies = policiesOf(world);
  return event => {
    if (event.type !== 'ledger' || event.granted.length === 0) return;
    const {rollout} = event.after;
    if (!rollout || rollout.way === 'back' || rollout.revert) return;
    const now = EPOCH + world.timeline.now();
    const isMaybeOpen = policies().some(policy =>
      [now - OFF_MS, now, now + OFF_MS].some(at => isOpen(policy.windows, at)),
    );
    if (isMaybeOpen) return;
    for (const {host, release} of event.granted)
      if (release === rollout.release) fail(`${host} may begin ${release}, and no window is open`);
  };
};
