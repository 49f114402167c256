import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {run} from '../../agent/host/process/process.ts';
import {APPLICATION, type Edition} from './application.ts';

export interface Repository {
  /** Commits an edition of the application and gives its revision. */
  commit(edition: Edition, signal: AbortSignal): Promise<string>;
}

const TIMEOUT_MS = 20_000;
/** Nobody's own git settings, hooks or signing keys have a part in this. */
const ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'demo',
  GIT_AUTHOR_EMAIL: 'demo@localhost',
  GIT_COMMITTER_NAME: 'demo',
  GIT_COMMITTER_EMAIL: 'demo@localhost',
};

/** Makes an empty git repository with a branch `main`. Throws when git is missing or refuses. */
export const makeRepository = async (directory: string, signal: AbortSignal): Promise<Repository> => {
  const git = async (args: readonly string[], until: AbortSignal): Promise<string> =>
    (await run('git', args, {timeoutMs: TIMEOUT_MS, cwd: directory, env: ENVIRONMENT}, until)).stdout.trim();
  await mkdir(directory);
  await git(['init', '--quiet', '--initial-branch=main'], signal);
  // for who plays with it afterwards
  await git(['config', 'user.name', ENVIRONMENT.GIT_AUTHOR_NAME], signal);
  await git(['config', 'user.email', ENVIRONMENT.GIT_AUTHOR_EMAIL], signal);
  return {
    commit: async (edition, until) => {
      await writeFile(join(directory, APPLICATION.file), APPLICATION.source(edition));
      await git(['add', APPLICATION.file], until);
      await git(['commit', '--quiet', `--message=release ${edition.release}`], until);
      return git(['rev-parse', 'HEAD'], until);
    },
  };
};
