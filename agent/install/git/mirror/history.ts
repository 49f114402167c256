import type {GitSettings} from '../../../config/settings.ts';
import {reason} from '../../../core/reason.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import {requireSpace} from '../../space.ts';
import {fetchFailure, stalled} from './failure.ts';
import type {Layout, ObjectFormat} from './layout.ts';
import {type Mirror, openRepository} from './mirror.ts';
import {proxyEnvironment} from './proxy.ts';

interface HistoryOptions {
  readonly settings: GitSettings;
  readonly layout: Layout;
  readonly format: ObjectFormat;
}

/**
 * Opens the history: the commits, without their trees and files, that the references of `install.git.refs` lead to. It is apart from
 * the mirror, which has single revisions without their parents.
 */
export const openHistory = (options: HistoryOptions, signal: AbortSignal): Promise<Mirror> =>
  openRepository({...options, path: options.layout.histories[options.format]}, signal);

/** Brings the history up to what the remote has now. Only what is new travels. Throws the `git.*` and `disk.*` reasons. */
export const fetchHistory = async (
  {
    history,
    settings,
    layout,
  }: {readonly history: Mirror; readonly settings: GitSettings; readonly layout: Layout},
  signal: AbortSignal,
): Promise<void> => {
  await requireSpace({path: layout.home, bytes: 0, inodes: 0});
  const flags = [
    '--quiet',
    '--prune',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-recurse-submodules',
    '--refmap=',
  ];
  const refspecs = settings.refs.map(ref => `+${ref}:${TIPS}${ref.slice('refs/'.length)}`);
  // a server that knows no filters says so, and sends everything
  const args = ['fetch', ...flags, '--filter=tree:0', '--', settings.url, ...refspecs];
  const remote = settings.url;
  try {
    const {exitCode, stderr} = await history.git.ask(args, {env: await proxyEnvironment(settings)}, signal);
    if (exitCode !== 0) throw new ReasonError(historyFailure({remote, path: history.path, stderr}));
  } catch (error) {
    throw stalled(error, {remote, seconds: settings.timeoutMs / 1000});
  }
};

const TIPS = 'refs/tips/';

const historyFailure = ({
  remote,
  path,
  stderr,
}: {
  readonly remote: string;
  readonly path: string;
  readonly stderr: string;
}) => {
  const why = fetchFailure({remote, path, stderr, revision: 'its history'});
  // it was asked for what it has just named itself
  if (why.kind !== 'git.revision-missing') return why;
  return reason('git.remote-damaged', {
    remote,
    cause: 'one of its references leads to a commit that is not there',
  });
};

/** True when a commit is one of the tips' ancestors, or a tip. Asks nobody. */
export const isInHistory = async ({git}: Mirror, revision: string, signal: AbortSignal): Promise<boolean> => {
  // A commit that is not there would be asked of the remote, which gives any: git from 2.45 on does not, else no transport is allowed.
  const env = {GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: 'none'};
  const args = ['for-each-ref', '--count=1', '--format=%(refname)', `--contains=${revision}`, TIPS];
  try {
    const {exitCode, stdout} = await git.ask(args, {env}, signal);
    return exitCode === 0 && stdout.trim() !== '';
  } catch (error) {
    if (isRefusedFetch(error)) return false;
    throw error;
  }
};

// The fetch that may not be may end before git has told it what to fetch. Only what is not there is fetched.
const isRefusedFetch = (error: unknown): boolean => {
  if (!(error instanceof ReasonError)) return false;
  const {kind, details} = error.reason;
  return kind === 'child.failed' && String(details.cause).startsWith('SIGPIPE');
};
