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

/** The reason of any thrown value: its own when it is a `ReasonError`, else `unexpected` with the message. */
export const reasonOf = (error: unknown): Reason =>
  error instanceof ReasonError
    ? error.reason
    : reason('unexpected', {cause: error instanceof Error ? error.message : String(error)});
