import {setTimeout as sleep} from 'node:timers/promises';
import {reason} from '../../../core/reason.ts';
import {tellWhileWaiting} from '../../../host/blocker.ts';
import type {VolumeFacts} from '../../../host/ec2/facts.ts';
import {backoff} from '../../../host/pause.ts';
import type {Context} from './context.ts';

export type Observation =
  | {readonly kind: 'reached'; readonly facts: VolumeFacts}
  /** EC2 does not know it, for longer than its eventual consistency explains */
  | {readonly kind: 'gone'}
  | {readonly kind: 'late'; readonly state: string};

type Observing = Pick<Context, 'ec2' | 'pace' | 'reportBlocker'>;

interface Wait {
  readonly volume: string;
  readonly timeoutMs: number;
  readonly until: (facts: VolumeFacts) => boolean;
}

/**
 * Asks DescribeVolumes until the volume is as wanted. Our own poller: the SDK's asks every 15 s, spins on a volume in
 * `error`, and takes `in-use` for attached.
 */
export const observeVolume = async (
  context: Observing,
  wait: Wait,
  signal: AbortSignal,
): Promise<Observation> => {
  const {volume} = wait;
  let state: string | null = null;
  const saw = (facts: VolumeFacts | null): void => {
    state = facts && (facts.attachment?.state ?? facts.state);
  };
  const cause = (seconds: number) =>
    state === null ? null : reason('volume.stuck', {volume, state, seconds});
  const waiting = {user: `looking at ${volume}`, reportBlocker: context.reportBlocker, cause};
  return tellWhileWaiting(waiting, () => look(context, {...wait, saw}, signal), signal);
};

const look = async (
  {ec2, pace}: Observing,
  {volume, timeoutMs, until, saw}: Wait & {readonly saw: (facts: VolumeFacts | null) => void},
  signal: AbortSignal,
): Promise<Observation> => {
  const began = performance.now();
  let unknownSince: number | null = null;
  for (const pauseMs of pauses(pace)) {
    const facts = await ec2.volume(volume, signal);
    saw(facts);
    const now = performance.now();
    if (facts && until(facts)) return {kind: 'reached', facts};
    unknownSince = facts ? null : (unknownSince ?? now);
    if (unknownSince !== null && now - unknownSince > pace.goneMs) return {kind: 'gone'};
    if (now - began > timeoutMs)
      return {kind: 'late', state: facts?.attachment?.state ?? facts?.state ?? 'unknown'};
    await sleep(pauseMs, undefined, {signal});
  }
  throw new Error('pauses never end');
};

/** Growing pauses with jitter: hosts that stage together must not ask together. */
export function* pauses({pollMs, pollLimitMs}: Context['pace']): Generator<number, never> {
  for (let n = 0; ; n++) yield backoff({tries: n, baseMs: pollMs, capMs: pollLimitMs, jitter: 0.25});
}
