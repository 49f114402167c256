import type {Reason} from '../../agent/core/reason.ts';
import {ReasonError} from '../../agent/core/reason-error.ts';

/** The reason that a call is refused with. Throws when the call succeeds, or fails with anything but a `ReasonError`. */
export const reasonFrom = async (call: Promise<unknown>): Promise<Reason> => {
  const error = await call.then(
    () => new Error('expected a ReasonError, but the call succeeded'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof ReasonError) return error.reason;
  throw error;
};
