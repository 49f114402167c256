import {setTimeout as sleep} from 'node:timers/promises';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {classify, type Failure, refused} from './ec2-error.ts';

export interface RetryOptions {
  /** the call's name, for texts */
  readonly action: string;
  /** no further try begins after this time */
  readonly deadlineMs: number;
  /** bounds each try */
  readonly tryMs: number;
}

const BASE_MS: Readonly<Record<Exclude<Failure['kind'], 'refused'>, number>> = {
  unreachable: 200,
  throttled: 1_000,
};
const PAUSE_LIMIT_MS = 20_000;

/**
 * Repeats a call until EC2 answers it, with full jitter: a fleet that boots at once waits minutes for its CreateVolume
 * (5 a second for an account), which the SDK's own three tries do not outlast. A refusal is thrown at once (`ec2.refused`);
 * at the deadline `ec2.throttled` or `ec2.unreachable`.
 */
export const withRetries = async <T>(
  call: (signal: AbortSignal) => Promise<T>,
  {action, deadlineMs, tryMs}: RetryOptions,
  signal: AbortSignal,
): Promise<T> => {
  const began = performance.now();
  for (let n = 0; ; n++) {
    signal.throwIfAborted();
    const limit = AbortSignal.timeout(tryMs);
    try {
      return await call(AbortSignal.any([signal, limit]));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ReasonError) throw error;
      const failure = limit.aborted ? unanswered(tryMs) : classify(error);
      if (failure.kind === 'refused') throw refused(action, failure);
      const pauseMs = Math.random() * Math.min(PAUSE_LIMIT_MS, BASE_MS[failure.kind] * 2 ** Math.min(n, 10));
      if (performance.now() - began + pauseMs > deadlineMs) throw exhausted(action, failure, deadlineMs);
      await sleep(pauseMs, undefined, {signal});
    }
  }
};

const unanswered = (tryMs: number): Failure => ({
  kind: 'unreachable',
  cause: `no answer in ${tryMs / 1000} s`,
});

const exhausted = (
  action: string,
  failure: Exclude<Failure, {kind: 'refused'}>,
  deadlineMs: number,
): ReasonError =>
  new ReasonError(
    failure.kind === 'throttled'
      ? reason('ec2.throttled', {action, seconds: deadlineMs / 1000})
      : reason('ec2.unreachable', {action, cause: failure.cause}),
  );
