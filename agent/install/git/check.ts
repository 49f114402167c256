import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {GitSettings} from '../../config/settings.ts';
import {gitLayout} from './mirror/layout.ts';
import {isAllowed, remoteRefs} from './mirror/refs.ts';

const TIMEOUT_MS = 20_000;

/**
 * Asks the configured remote, with its credentials, which of its references may hold a release, and leaves nothing behind. With
 * `install.git.refs` empty any may: then only HEAD is asked for. Throws `git.credentials`, `git.auth-refused`, `git.unreachable` and the like.
 */
export const checkRemote = async (
  {git, stateDir}: {readonly git: GitSettings; readonly stateDir: string},
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const folder = await temporaryFolder(stateDir);
  try {
    const layout = gitLayout({stateDir: folder, ...git});
    const names = git.refs.length === 0 ? ['HEAD'] : [];
    const found = await remoteRefs({settings: git, layout, names, timeoutMs: TIMEOUT_MS}, signal);
    return [...found.keys()].filter(ref => !ref.endsWith('^{}') && isAllowed(git.refs, ref));
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
};

// Git runs a helper from there, and /tmp may be mounted noexec: the state folder is tried first.
const temporaryFolder = async (stateDir: string): Promise<string> => {
  const make = (parent: string) => mkdtemp(join(parent, 'check-'));
  return make(stateDir).catch(() => make(tmpdir()));
};
