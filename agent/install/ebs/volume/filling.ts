import type {Context} from './context.ts';

/** EC2's answer changes nothing of what is done: it is not waited for longer. */
const ANSWER_MS = 3_000;

/** `cold`: a block comes from S3 when it is first read, as far as is known. */
export interface Filling {
  readonly cold: boolean;
  readonly words: string;
}

/**
 * How the blocks of a new volume come from its snapshot, in words for the log. Never throws but for the signal: without the right
 * to ask, or an answer, it is not known. A rate that is asked for wins over fast snapshot restore, which EC2 then does not use.
 */
export const fillingOf = async (
  {ec2, settings, identity, log}: Pick<Context, 'ec2' | 'settings' | 'identity' | 'log'>,
  snapshot: string,
  signal: AbortSignal,
): Promise<Filling> => {
  const {initializationRate: rate} = settings;
  const {zone} = identity;
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  const state = await ec2.fastRestore({snapshot, zone}, bounded).catch(() => 'unknown');
  signal.throwIfAborted();
  const isFast = state === 'enabled';
  if (isFast && rate !== undefined)
    log.warning(
      'fast snapshot restore is paid for and not used, because install.ebs.initialization-rate is set',
      {
        snapshot,
        zone,
      },
    );
  if (rate !== undefined) return {cold: false, words: `at ${rate} MiB/s`};
  if (isFast) return {cold: false, words: 'at once, by fast snapshot restore'};
  const words = `when first read (fast snapshot restore here: ${state ?? 'none'})`;
  return {cold: state !== 'unknown', words};
};
