import {type Reason, reason, reasonText} from './reason.ts';

/** An expected failure: what adapters throw. Its message is the reason's one text. */
export class ReasonError extends Error {
  override readonly name = 'ReasonError';
  readonly reason: Reason;

  constructor(why: Reason, options?: ErrorOptions) {
    super(reasonText(why), options);
    this.reason = why;
  }
}

/** The reason of any thrown value: its own when it is a `ReasonError`, `disk.full` when the system says so, else `unexpected` with the message. */
export const reasonOf = (error: unknown): Reason => {
  if (error instanceof ReasonError) return error.reason;
  if (!(error instanceof Error)) return reason('unexpected', {cause: String(error)});
  const {code, path = 'this host'} = error as NodeJS.ErrnoException;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return isFull
    ? reason('disk.full', {path, cause: error.message})
    : reason('unexpected', {cause: error.message});
};
