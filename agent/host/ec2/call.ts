import type {ReportBlocker} from '../../ports.ts';
import {ignoreBlockers} from '../blocker.ts';
import {createChannel} from './channel.ts';
import {refusalCode} from './error.ts';
import {withRetries} from './retry.ts';
import type {ActionName, InputOf, OutputOf} from './wire.ts';

export interface CallOptions {
  readonly region: string;
  readonly endpoint?: string;
  /** where credentials are asked for, `http://169.254.169.254` unless told */
  readonly imds?: string;
  /** bounds each call with all its tries */
  readonly deadlineMs?: number;
  readonly tryMs?: number;
  /** the process that speaks to EC2 ends when it was not asked for this long */
  readonly idleMs?: number;
  /** and is killed when it does not even answer to a cancelled try for this long */
  readonly graceMs?: number;
  /** told what keeps a call waiting */
  readonly reportBlocker?: ReportBlocker;
}

/** One action with its retries. Throws the reasons of `withRetries`. */
export type Call = <A extends ActionName>(
  action: A,
  input: InputOf<A>,
  signal: AbortSignal,
) => Promise<OutputOf<A>>;

export interface Calls {
  readonly call: Call;
  /** Ends the process that makes them. */
  close(): Promise<void>;
}

/** Makes calls of one region. Nothing is started before the first one: a host that installs from git never pays for it. */
export const createCall = ({
  region,
  endpoint,
  deadlineMs = 300_000,
  tryMs = 10_000,
  reportBlocker = ignoreBlockers,
  ...process
}: CallOptions): Calls => {
  const args = endpoint === undefined ? [region] : [region, endpoint];
  const {ask, close} = createChannel({args, ...process});
  const call: Call = (action, input, signal) =>
    withRetries(each => ask(action, input, each), {action, deadlineMs, tryMs, reportBlocker}, signal);
  return {call, close};
};

/** Null instead of the refusal that says "there is none". */
export const absent = async <T>(code: string, answer: Promise<T | null>): Promise<T | null> => {
  try {
    return await answer;
  } catch (error) {
    if (refusalCode(error) === code) return null;
    throw error;
  }
};
