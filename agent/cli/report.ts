import type {StatusReport, Told} from '../control/protocol.ts';

/** True when the host serves the release that it should, and nothing is in the way. */
export const isSettled = ({phase, serving, active, desired, reason, refusal, hold}: StatusReport): boolean =>
  phase === 'serving' &&
  serving &&
  (reason === null || isAside(reason)) &&
  refusal === null &&
  hold === null &&
  (desired === null || desired.release === active?.release);

/** True when this host is one of those that keep the fleet's release from being proven. */
export const isBehind = ({active, serving, fleet, reason}: StatusReport): boolean =>
  fleet?.blocked?.kind === 'rollout.behind' &&
  reason !== null &&
  (active?.release !== fleet.rollout?.release || !serving);

/** True for a reason that keeps the host from nothing. */
export const isAside = ({kind}: Told): boolean => kind === 'slots.left';

/** The message and the name that came with the desired release: `: "fix the cart" (ada)`. Empty without them. */
export const requestText = ({desired}: StatusReport): string => {
  const parts = [desired?.message && `"${desired.message}"`, desired?.by && `(${desired.by})`].filter(
    part => part,
  );
  return parts.length === 0 ? '' : `: ${parts.join(' ')}`;
};

/** A count with its noun. */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
