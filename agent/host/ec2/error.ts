import {type Reason, reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';

export type Failure =
  | {readonly kind: 'throttled'}
  | {readonly kind: 'unreachable'; readonly cause: string}
  | {readonly kind: 'refused'; readonly code: string; readonly cause: string};

const THROTTLED = new Set(['RequestLimitExceeded', 'Throttling', 'ThrottlingException', 'RequestThrottled']);
/** An authorisation failure carries an encoded message of kilobytes. */
const CAUSE_LIMIT = 300;

/** Sorts what an SDK call threw: rate limit, no usable answer (network, timeout, 5xx, credentials not there yet), or a refusal. */
export const classify = (error: unknown): Failure => {
  const {name, message, status, skewCorrected} = partsOf(error);
  if (THROTTLED.has(name) || status === 429) return {kind: 'throttled'};
  // Without a status nothing was answered. A clock that was wrong is right on the next try: the SDK corrected it.
  if (status === undefined || status >= 500 || skewCorrected)
    return {kind: 'unreachable', cause: text(name, message)};
  return {kind: 'refused', code: name, cause: message.slice(0, CAUSE_LIMIT)};
};

/** The EC2 error code of a refusal (`InvalidVolume.NotFound`), null for any other error. */
export const refusalCode = (error: unknown): string | null =>
  error instanceof ReasonError && error.reason.kind === 'ec2.refused'
    ? String(error.reason.details.code)
    : null;

/** EC2's own words in a refusal, empty for any other error. */
export const refusalText = (error: unknown): string =>
  error instanceof ReasonError && error.reason.kind === 'ec2.refused'
    ? String(error.reason.details.cause)
    : '';

/** A refusal as an error. */
export const refused = (action: string, {code, cause}: {code: string; cause: string}): ReasonError =>
  new ReasonError(reason('ec2.refused', {action, code, cause}));

/** What the worker threw, as data: a reason, or what is known of an SDK error. */
export type ErrorData = {readonly reason: Reason} | Parts;

interface Parts {
  readonly name: string;
  readonly message: string;
  readonly status?: number;
  readonly skewCorrected: boolean;
}

/** A thrown value as data that survives JSON. */
export const errorData = (error: unknown): ErrorData =>
  error instanceof ReasonError ? {reason: error.reason} : partsOf(error);

/** The error again, sorted by `classify` as the first one would be. */
export const errorFrom = (data: ErrorData): Error => {
  if ('reason' in data) return new ReasonError(data.reason);
  const {name, message, status, skewCorrected} = data;
  const metadata = {httpStatusCode: status, clockSkewCorrected: skewCorrected};
  return Object.assign(new Error(message), {name, $metadata: metadata});
};

const partsOf = (error: unknown): Parts => {
  if (!(error instanceof Error)) return {name: 'Unknown', message: String(error), skewCorrected: false};
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  const of = typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>) : {};
  return {
    name: error.name,
    message: error.message,
    skewCorrected: of.clockSkewCorrected === true,
    ...(typeof of.httpStatusCode === 'number' && {status: of.httpStatusCode}),
  };
};

const text = (name: string, message: string): string =>
  (message === '' || name === 'Error' ? message || name : `${name}: ${message}`).slice(0, CAUSE_LIMIT);
