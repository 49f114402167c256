import {setTimeout as sleep} from 'node:timers/promises';
import {type Reason, reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import type {ReportBlocker} from '../../ports.ts';
import {ignoreBlockers, isLate} from '../blocker.ts';
import {backoff} from '../pause.ts';
import {withTimeLimit} from '../time-limit.ts';
import {classify, type Failure, refused} from './error.ts';

export interface RetryOptions {
  /** the call's name, for texts */
  readonly action: string;
  /** no further try begins after this time */
  readonly deadlineMs: number;
  /** bounds each try */
  readonly tryMs: number;
  /** told after some seconds without success, and at each further try */
  readonly reportBlocker?: ReportBlocker;
}

const BASE_MS: Readonly<Record<Exclude<Failure['kind'], 'refused'>, number>> = {
  unreachable: 200,
  throttled: 1_000,
};
const PAUSE_LIMIT_MS = 20_000;
const TOLD_AFTER_MS = 3_000;

/**
 * Repeats a call until EC2 answers it, with full jitter: a fleet that boots at once waits minutes for its CreateVolume
 * (5 a second for an account), which the SDK's own three tries do not outlast. A refusal is thrown at once (`ec2.refused`);
 * at the deadline, its own or the caller's, `ec2.throttled` or `ec2.unreachable`.
 */
export const withRetries = async <T>(
  call: (signal: AbortSignal) => Promise<T>,
  options: RetryOptions,
  signal: AbortSignal,
): Promise<T> => {
  const {action, reportBlocker = ignoreBlockers} = options;
  let told: Reason | null = null;
  const heard: ReportBlocker = (user, cause) => {
    told = cause;
    reportBlocker(user, cause);
  };
  try {
    return await repeat(call, {...options, reportBlocker: heard}, signal);
  } catch (error) {
    throw told && isLate(signal) ? new ReasonError(told, {cause: error}) : error;
  } finally {
    reportBlocker(action, null);
  }
};

const repeat = async <T>(
  call: (signal: AbortSignal) => Promise<T>,
  {action, deadlineMs, tryMs, reportBlocker}: Required<RetryOptions>,
  signal: AbortSignal,
): Promise<T> => {
  const began = performance.now();
  for (let n = 0; ; n++) {
    const tried = await once(call, tryMs, signal);
    if ('answer' in tried) return tried.answer;
    const {failure} = tried;
    if (failure.kind === 'refused') throw refused(action, failure);
    const pauseMs = backoff({tries: n, baseMs: BASE_MS[failure.kind], capMs: PAUSE_LIMIT_MS, jitter: 1});
    const spentMs = performance.now() - began;
    if (spentMs + pauseMs > deadlineMs) throw new ReasonError(unanswered(action, failure, deadlineMs));
    if (spentMs >= TOLD_AFTER_MS) reportBlocker(action, unanswered(action, failure, spentMs));
    await sleep(pauseMs, undefined, {signal});
  }
};

/** One try: an answer, or why there is none. Throws the signal's own error, and reasons as they are. */
const once = async <T>(
  call: (signal: AbortSignal) => Promise<T>,
  tryMs: number,
  signal: AbortSignal,
): Promise<{readonly answer: T} | {readonly failure: Failure}> => {
  const late = (error: unknown): Error => (error instanceof ReasonError ? error : new Silent());
  try {
    return {answer: await withTimeLimit({timeoutMs: tryMs, late}, call, signal)};
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ReasonError) throw error;
    return {failure: error instanceof Silent ? silence(tryMs) : classify(error)};
  }
};

/** A try that got no answer in its time. */
class Silent extends Error {}

const silence = (tryMs: number): Failure => ({
  kind: 'unreachable',
  cause: `no answer in ${tryMs / 1000} s`,
});

const unanswered = (action: string, failure: Exclude<Failure, {kind: 'refused'}>, spentMs: number): Reason =>
  failure.kind === 'throttled'
    ? reason('ec2.throttled', {action, seconds: Math.round(spentMs / 100) / 10})
    : reason('ec2.unreachable', {action, cause: failure.cause});
