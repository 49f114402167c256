import {mkdir} from 'node:fs/promises';
import {dirname} from 'node:path';
import type {GitSettings} from '../../config/settings.ts';
import {type ReasonDetails, type ReasonKind, reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import {run} from '../../host/process/process.ts';
import {prepareCredentials} from './mirror/credentials.ts';
import {gitEnvironment} from './mirror/environment.ts';
import {gitLayout} from './mirror/layout.ts';

const TIMEOUT_MS = 30_000;

/**
 * Asks the configured remote which revision a branch or tag (or `refs/…`) is now. Branches move, which is why the desired
 * key never holds one. Throws `release.name-unknown`, `release.name-ambiguous`, `git.credentials`, `child.failed`, `child.timeout`.
 */
export const createResolve = ({
  git,
  stateDir,
}: {
  readonly git: GitSettings;
  readonly stateDir: string;
}): ((name: string, signal: AbortSignal) => Promise<string>) => {
  const layout = gitLayout({stateDir, url: git.url});
  return async (name, signal) => {
    await mkdir(layout.home, {recursive: true, mode: 0o700});
    await prepareCredentials(git, layout);
    const wanted = name.startsWith('refs/') ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`];
    const patterns = [...wanted, ...wanted.map(ref => `${ref}^{}`)];
    const env = {...gitEnvironment(git, layout), GIT_CEILING_DIRECTORIES: dirname(layout.home)};
    const {stdout} = await run(
      'git',
      ['ls-remote', '--', git.url, ...patterns],
      {timeoutMs: TIMEOUT_MS, cwd: layout.home, env},
      signal,
    );
    return choose(stdout, wanted, {name, remote: git.url});
  };
};

const LINE = /^([0-9a-f]{40}|[0-9a-f]{64})\t(\S+)$/;

const choose = (output: string, wanted: readonly string[], names: {name: string; remote: string}): string => {
  const refs = new Map<string, string>();
  for (const line of output.split('\n')) {
    const [, revision, ref] = LINE.exec(line) ?? [];
    if (revision && ref) refs.set(ref, revision);
  }
  // `ref^{}` is the commit behind an annotated tag
  const found = new Set(
    wanted.map(ref => refs.get(`${ref}^{}`) ?? refs.get(ref)).filter(r => r !== undefined),
  );
  const [revision] = found;
  if (revision === undefined) throw refused('release.name-unknown', names);
  if (found.size > 1) throw refused('release.name-ambiguous', names);
  return revision;
};

const refused = <K extends ReasonKind>(kind: K, details: ReasonDetails<K>): ReasonError =>
  new ReasonError(reason(kind, details));
