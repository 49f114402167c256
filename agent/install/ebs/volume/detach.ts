import {reason} from '../../../core/reason.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import {refusalCode} from '../../../host/ec2/error.ts';
import type {VolumeFacts} from '../../../host/ec2/facts.ts';
import type {Context} from './context.ts';
import {observeVolume} from './observe.ts';

/** EC2 says these of a volume that is not attached (any more): done. */
const DETACHED = new Set(['IncorrectState', 'InvalidAttachment.NotFound']);

/**
 * Detaches a volume of which nothing is mounted, and waits until it is free. Never forced: a forced detach of a volume in
 * use loses data. Throws `volume.stuck` or `volume.gone`.
 */
export const detach = async (
  context: Pick<Context, 'ec2' | 'identity' | 'pace' | 'reportBlocker'>,
  volume: string,
  signal: AbortSignal,
): Promise<VolumeFacts> => {
  const {ec2, identity, pace} = context;
  try {
    await ec2.detachVolume({volume, instance: identity.instance}, signal);
  } catch (error) {
    if (!DETACHED.has(refusalCode(error) ?? '')) throw error;
  }
  const seen = await observeVolume(
    context,
    {
      volume,
      timeoutMs: pace.detachMs,
      until: ({state, attachment}) => attachment === null && state !== 'in-use',
    },
    signal,
  );
  if (seen.kind === 'reached') return seen.facts;
  throw new ReasonError(
    seen.kind === 'gone'
      ? reason('volume.gone', {volume})
      : reason('volume.stuck', {volume, state: seen.state, seconds: pace.detachMs / 1000}),
  );
};
