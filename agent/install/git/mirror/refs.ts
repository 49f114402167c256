import {mkdir} from 'node:fs/promises';
import {dirname} from 'node:path';
import type {GitSettings} from '../../../config/settings.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import {run} from '../../../host/process/process.ts';
import {gitEnvironment} from './environment.ts';
import {fetchFailure, stalled} from './failure.ts';
import type {Layout} from './layout.ts';
import {prepareRemote} from './prepare.ts';
import {proxyEnvironment} from './proxy.ts';

interface ListOptions {
  readonly settings: GitSettings;
  readonly layout: Layout;
  /** whole names of references */
  readonly names?: readonly string[];
  readonly timeoutMs: number;
}

/** Exit codes that git explains on stderr: 128, and 1 to 3 of its transports. */
const EXPLAINED = [1, 2, 3, 128] as const;
const MAX_OUTPUT = 256 * 1024 * 1024;

/**
 * What the remote's references are now: of these names, or else of every reference that `install.git.refs` allows. A tag that is
 * an object of its own has two entries, `ref` and `ref^{}`: the commit behind it. Throws `git.unreachable` and the like.
 */
export const remoteRefs = async (options: ListOptions, signal: AbortSignal): Promise<Map<string, string>> => {
  const {settings, layout, names = [], timeoutMs} = options;
  await mkdir(layout.home, {recursive: true, mode: 0o700});
  await prepareRemote(settings, layout);
  const env = {
    ...gitEnvironment(settings, layout),
    ...(await proxyEnvironment(settings)),
    GIT_CEILING_DIRECTORIES: dirname(layout.home),
  };
  const flags = names.length === 0 ? onlyKinds(settings.refs) : [];
  const args = ['ls-remote', ...flags, '--', settings.url, ...names.flatMap(name => [name, `${name}^{}`])];
  const limits = {timeoutMs, maxOutput: MAX_OUTPUT, accept: EXPLAINED, group: true};
  try {
    const {exitCode, stdout, stderr} = await run('git', args, {...limits, cwd: layout.home, env}, signal);
    if (exitCode === 0) return read(stdout);
    const failed = {remote: settings.url, revision: names.join(' or '), path: layout.home, stderr};
    throw new ReasonError(fetchFailure(failed));
  } catch (error) {
    throw stalled(error, {remote: settings.url, seconds: timeoutMs / 1000});
  }
};

// A server tells only these kinds then, without the many references of pull requests.
const onlyKinds = (refs: readonly string[]): readonly string[] => {
  const kinds = [
    ['--heads', 'refs/heads/'],
    ['--tags', 'refs/tags/'],
  ] as const;
  const wanted = kinds.filter(([, prefix]) => refs.some(ref => ref.startsWith(prefix)));
  const all = refs.every(ref => kinds.some(([, prefix]) => ref.startsWith(prefix)));
  return all ? wanted.map(([flag]) => flag) : [];
};

const LINE = /^([0-9a-f]{40}|[0-9a-f]{64})\t(\S+)$/;

const read = (listing: string): Map<string, string> => {
  const refs = new Map<string, string>();
  for (const line of listing.split('\n')) {
    const [, id, ref] = LINE.exec(line) ?? [];
    if (id && ref) refs.set(ref, id);
  }
  return refs;
};

/** True when one of the patterns stands for the reference: `*` is any text, slashes too, as in git's refspecs. No pattern at all: every one. */
export const isAllowed = (patterns: readonly string[], ref: string): boolean =>
  patterns.length === 0 ||
  patterns.some(pattern => {
    const [before = '', after] = pattern.split('*', 2);
    if (after === undefined) return ref === pattern;
    return ref.length >= before.length + after.length && ref.startsWith(before) && ref.endsWith(after);
  });
