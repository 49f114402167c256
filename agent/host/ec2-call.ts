import type {EC2Client} from '@aws-sdk/client-ec2';
import {refusalCode} from './ec2-error.ts';
import {withRetries} from './ec2-retry.ts';

type Sdk = typeof import('./ec2-sdk.ts');

export interface CallOptions {
  readonly region: string;
  readonly endpoint?: string;
  /** bounds each call with all its tries */
  readonly deadlineMs?: number;
  readonly tryMs?: number;
}

/** One call with its retries: builds and sends a command, given the SDK, its client and the options for `send`. */
export type Call = <T>(
  action: string,
  send: (sdk: Sdk, client: EC2Client, how: {readonly abortSignal: AbortSignal}) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

/** Makes calls of one region. The SDK is loaded at the first one: a host that installs from git never pays for it. */
export const createCall = ({region, endpoint, deadlineMs = 300_000, tryMs = 10_000}: CallOptions): Call => {
  let loaded: Promise<readonly [Sdk, EC2Client]> | undefined;
  const load = async () => {
    const sdk = await import('./ec2-sdk.ts');
    // one try per send: pauses and deadlines are ours
    const settings = {region, maxAttempts: 1, ...(endpoint !== undefined && {endpoint})};
    return [sdk, new sdk.EC2Client(settings)] as const;
  };
  return async (action, send, signal) => {
    loaded ??= load();
    const [sdk, client] = await loaded;
    return withRetries(abortSignal => send(sdk, client, {abortSignal}), {action, deadlineMs, tryMs}, signal);
  };
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
