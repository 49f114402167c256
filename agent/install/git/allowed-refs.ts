import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import type {Context} from './context.ts';
import {fetchHistory, isInHistory, openHistory} from './mirror/history.ts';
import {formatOf, heldRefOf} from './mirror/layout.ts';
import type {Mirror} from './mirror/mirror.ts';
import {isAllowed, remoteRefs} from './mirror/refs.ts';

/**
 * Refuses a revision that is no commit of the references which `install.git.refs` names: servers give every commit by its id, those of
 * pull requests and forks too. The tips are looked at first, their history only when that is not enough; what was found is noted
 * in the mirror, so that it is asked once. Throws `git.not-held` and what a fetch throws.
 */
export const requireHeld = async (
  {settings, layout}: Context,
  {mirror, revision}: {readonly mirror: Mirror; readonly revision: string},
  signal: AbortSignal,
): Promise<void> => {
  const {refs, url, timeoutMs} = settings;
  if (refs.length === 0) return;
  const mark = heldRefOf(revision, refs);
  const known = await mirror.git.ask(['rev-parse', '--verify', '--quiet', mark], {}, signal);
  if (known.exitCode === 0) return;
  const tips = await remoteRefs({settings, layout, timeoutMs}, signal);
  const allowed = [...tips].filter(([ref]) => isAllowed(refs, ref.replace(/\^\{\}$/, '')));
  const held = allowed.some(([, id]) => id === revision) || (await isAncestor());
  if (!held) throw new ReasonError(reason('git.not-held', {remote: url, revision, refs: refs.join(', ')}));
  await mirror.git.must(['update-ref', mark, revision], {}, signal);

  async function isAncestor(): Promise<boolean> {
    if (allowed.length === 0) return false;
    const history = await openHistory({settings, layout, format: formatOf(revision)}, signal);
    await fetchHistory({history, settings, layout}, signal);
    return isInHistory(history, revision, signal);
  }
};
