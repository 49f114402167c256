import {reason, reasonText} from '../core/reason.ts';
import {ReasonError, reasonOf} from '../core/reason-error.ts';
import type {Traffic} from '../ports.ts';

/**
 * Several ways to leave traffic as one: left in order, rejoined in reverse. All are tried whatever fails. Throws the one
 * failure as it is, several as one `traffic.failed` that has all their texts.
 */
export const combineTraffic = (parts: readonly Traffic[]): Traffic => ({
  leave: signal => tryAll('leave', parts, signal),
  rejoin: signal => tryAll('rejoin', parts.toReversed(), signal),
  ...(parts.some(({keepOut}) => keepOut) && {
    keepOut: async signal => {
      await Promise.all(parts.map(part => part.keepOut?.(signal)));
    },
  }),
  hiddenBy: async signal =>
    (await Promise.all(parts.map(part => part.hiddenBy?.(signal) ?? null))).find(cause => cause !== null) ??
    null,
});

const tryAll = async (
  action: 'leave' | 'rejoin',
  parts: readonly Traffic[],
  signal: AbortSignal,
): Promise<void> => {
  const errors: unknown[] = [];
  for (const part of parts) {
    signal.throwIfAborted();
    try {
      await part[action](signal);
    } catch (error) {
      errors.push(error);
    }
  }
  signal.throwIfAborted();
  if (errors.length === 0) return;
  if (errors.length === 1) throw errors[0];
  const cause = errors.map(error => reasonText(reasonOf(error))).join('; ');
  throw new ReasonError(
    reason('traffic.failed', {adapter: `${errors.length} of ${parts.length}`, action, cause}),
  );
};
