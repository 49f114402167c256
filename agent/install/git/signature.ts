import type {GitSettings} from '../../config/settings.ts';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import type {Mirror} from './mirror/mirror.ts';

// gitformat: what %G? means. Only G is trusted: U is a good signature by a key that nobody allowed.
const MEANING: Readonly<Record<string, string>> = {
  B: 'it is bad',
  U: 'it is good, but of a key that is not allowed',
  X: 'it has expired',
  Y: 'its key has expired',
  R: 'its key was revoked',
  E: 'it cannot be checked: its key or kind is not known here',
};

/**
 * Checks the commit's signature against the allowed signers when the settings name any; the tree's hash follows from the
 * commit, so this is done before anything of it is written. Gives the signer, or null when no signature is required.
 * Throws `git.unsigned` and `git.signature`.
 */
export const verifySignature = async (
  {
    mirror,
    settings,
    revision,
  }: {readonly mirror: Mirror; readonly settings: GitSettings; readonly revision: string},
  signal: AbortSignal,
): Promise<string | null> => {
  if (settings.allowedSignersFile === undefined && settings.gpgHome === undefined) return null;
  const show = [
    'show',
    '--no-patch',
    '--no-show-signature',
    '--format=%G?%n%GS',
    '--end-of-options',
    revision,
  ];
  const [status = '', signer = ''] = (await mirror.git.must(show, {}, signal)).split('\n');
  if (status === 'G') return signer;
  if (status === 'N' || status === '') throw new ReasonError(reason('git.unsigned', {revision}));
  const cause = MEANING[status] ?? `git says ${status}`;
  throw new ReasonError(reason('git.signature', {revision, cause}));
};
