import type {GitSettings} from '../../config/settings.ts';
import {type ReasonDetails, type ReasonKind, reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import {gitLayout} from './mirror/layout.ts';
import {isAllowed, remoteRefs} from './mirror/refs.ts';

const TIMEOUT_MS = 30_000;

/**
 * Asks the configured remote which revision a branch or tag (or `refs/…`) is now, of those that `install.git.refs` allows. Branches
 * move, which is why the desired key never holds one. Throws `release.name-*` and what `git.*` a remote is refused for.
 */
export const createResolve = ({
  git,
  stateDir,
}: {
  readonly git: GitSettings;
  readonly stateDir: string;
}): ((name: string, signal: AbortSignal) => Promise<string>) => {
  const layout = gitLayout({stateDir, ...git});
  return async (name, signal) => {
    const names = name.startsWith('refs/') ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`];
    const found = await remoteRefs({settings: git, layout, names, timeoutMs: TIMEOUT_MS}, signal);
    return choose(found, names, {name, git});
  };
};

const choose = (
  found: ReadonlyMap<string, string>,
  names: readonly string[],
  {name, git: {url, refs}}: {readonly name: string; readonly git: GitSettings},
): string => {
  const details = {name, remote: url};
  const there = names.filter(ref => found.has(ref));
  const allowed = there.filter(ref => isAllowed(refs, ref));
  // `ref^{}` is the commit behind an annotated tag
  const revisions = new Set(allowed.flatMap(ref => found.get(`${ref}^{}`) ?? found.get(ref) ?? []));
  const [revision] = revisions;
  if (there.length > 0 && revision === undefined)
    throw refused('release.name-not-allowed', {...details, refs: refs.join(', ')});
  if (revision === undefined) throw refused('release.name-unknown', details);
  if (revisions.size > 1) throw refused('release.name-ambiguous', details);
  return revision;
};

const refused = <K extends ReasonKind>(kind: K, details: ReasonDetails<K>): ReasonError =>
  new ReasonError(reason(kind, details));
