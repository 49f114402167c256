/** Why a call to Consul failed, as a short text without secrets. */
export class ConsulError extends Error {
  override readonly name = 'ConsulError';
  /** `refused`: repeating it is of no use (not permitted, not understood, a file that is not right); else `unreachable`, or not now */
  readonly kind: 'refused' | 'unreachable';

  constructor(kind: 'refused' | 'unreachable', cause: string, options?: ErrorOptions) {
    super(cause, options);
    this.kind = kind;
  }
}

/** The `ConsulError` for what Consul will not do however often it is asked. */
export const refused = (cause: string, options?: ErrorOptions): ConsulError =>
  new ConsulError('refused', cause, options);

/** The `ConsulError` for a Consul that does not answer, or not now. */
export const unreachable = (cause: string, options?: ErrorOptions): ConsulError =>
  new ConsulError('unreachable', cause, options);

const SAID_LIMIT = 200;

/** What an answer with this status means: `HTTP 403: Permission denied`. Consul says some refusals with status 500. */
export const failureOf = ({status, text}: {readonly status: number; readonly text: string}): ConsulError => {
  const said = text.trim().replaceAll(/\s+/g, ' ').slice(0, SAID_LIMIT);
  const cause = said === '' ? `HTTP ${status}` : `HTTP ${status}: ${said}`;
  const denied = /permission denied|ACL not found/i.test(said);
  const transient = (status >= 500 && !denied) || status === 429 || status < 400;
  return transient ? unreachable(cause) : refused(cause);
};
