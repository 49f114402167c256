import {setTimeout as sleep} from 'node:timers/promises';
import type {VolumeFacts} from '../../host/ec2-facts.ts';
import type {Context} from './context.ts';

export type Observation =
  | {readonly kind: 'reached'; readonly facts: VolumeFacts}
  /** EC2 does not know it, for longer than its eventual consistency explains */
  | {readonly kind: 'gone'}
  | {readonly kind: 'late'; readonly state: string};

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
  {ec2, pace}: Pick<Context, 'ec2' | 'pace'>,
  {volume, timeoutMs, until}: Wait,
  signal: AbortSignal,
): Promise<Observation> => {
  const began = performance.now();
  let unknownSince: number | null = null;
  for (const pauseMs of pauses(pace)) {
    const facts = await ec2.volume(volume, signal);
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
  for (let n = 0; ; n++)
    yield Math.min(pollLimitMs, pollMs * 2 ** Math.min(n, 20)) * (0.75 + Math.random() / 2);
}
