import type {GitSettings} from '../../../config/settings.ts';
import {reason} from '../../../core/reason.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import type {RunResult} from '../../../host/process/process.ts';
import {requireSpace} from '../../space.ts';
import {fetchFailure, stalled} from './failure.ts';
import {type Layout, refOf} from './layout.ts';
import type {Mirror} from './mirror.ts';
import {prepareRemote} from './prepare.ts';
import {proxyEnvironment} from './proxy.ts';

interface FetchOptions {
  readonly mirror: Mirror;
  readonly settings: GitSettings;
  readonly layout: Layout;
  readonly revision: string;
}

/**
 * Brings exactly one revision into the mirror, without history; no network when it is there. The reference is written by
 * git after all objects are in, so it stands for a complete revision. Throws the `git.*` and `disk.*` reasons.
 */
export const fetchRevision = async (options: FetchOptions, signal: AbortSignal): Promise<void> => {
  const {mirror, layout, revision} = options;
  if ((await typeOf(mirror, revision, signal)) === null) {
    await requireSpace({path: layout.home, bytes: 0, inodes: 0});
    const {exitCode, stderr} = await transfer(options, signal);
    const remote = options.settings.url;
    if (exitCode !== 0) throw new ReasonError(fetchFailure({remote, revision, path: mirror.path, stderr}));
  }
  const type = await typeOf(mirror, revision, signal);
  if (type === null) throw new ReasonError(reason('git.mirror-corrupt', {cause: `no ${refOf(revision)}`}));
  if (type !== 'commit') throw new ReasonError(reason('git.not-a-commit', {revision, type}));
};

const transfer = async (
  {mirror, settings, layout, revision}: FetchOptions,
  signal: AbortSignal,
): Promise<RunResult> => {
  await prepareRemote(settings, layout);
  const flags = ['--quiet', '--depth=1', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
  const source = ['--', settings.url, `+${revision}:${refOf(revision)}`];
  try {
    return await mirror.git.ask(
      ['fetch', ...flags, '--refmap=', ...source],
      {env: await proxyEnvironment(settings)},
      signal,
    );
  } catch (error) {
    throw stalled(error, {remote: settings.url, seconds: settings.timeoutMs / 1000});
  }
};

const ANSWER = /^([0-9a-f]+) (\w+) \d+$/;

/** The type of a fetched object (`commit`), null when the mirror has not fetched it. */
export const typeOf = async (
  {git}: Mirror,
  revision: string,
  signal: AbortSignal,
): Promise<string | null> => {
  const answer = await git.must(['cat-file', '--batch-check'], {input: `${refOf(revision)}\n`}, signal);
  const [, id, type] = ANSWER.exec(answer.trim()) ?? [];
  return id === revision && type !== undefined ? type : null;
};
