/**
 * How long the next git revision takes to stage: `npm run bench -- git [--rounds 5]`. 50,000 files, one in a hundred changed; beside
 * a fresh shallow clone, and beside a fetch into a mirror with `git worktree add`. All three take the revision from the same
 * repository over file://, in turn. docs/benchmarks.md tells how to read it.
 */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {parseArgs} from 'node:util';
import {DEFAULT_REFS} from '../../agent/config/build.ts';
import {gitInstaller} from '../../agent/install/git/installer.ts';
import type {Slot} from '../../agent/ports.ts';
import {median, rounded} from './median.ts';
import {makeRepository, type Repository} from './repository.ts';
import {run} from './run.ts';

const {values} = parseArgs({options: {rounds: {type: 'string', default: '5'}}});
const ROUNDS = Number(values.rounds);
const NEVER = new AbortController().signal;
const QUIET = {debug: () => {}, info: () => {}, warning: console.warn, error: console.error};

interface Way {
  readonly name: string;
  /** what is timed: from the revision's name to its whole tree */
  stage(revision: string): Promise<unknown>;
  /** what happens between releases, not timed */
  settle(): Promise<unknown>;
}

/**
 * The agent's own installer, called as the agent calls it: the host serves the release before, whose slot is kept. What is kept is
 * pruned before the next release is staged, and again when the host serves it.
 */
const ours = ({url}: Repository, home: string): Way => {
  const installer = gitInstaller({
    settings: {url, refs: DEFAULT_REFS, timeoutMs: 300_000},
    stateDir: home,
    log: QUIET,
  });
  let kept: readonly Slot[] = [];
  let count = 0;
  return {
    name: 'release-agent',
    stage: async revision => {
      count += 1;
      const slot = `g${count}`;
      const next: Slot = {release: {kind: 'git', revision}, slot, directory: join(home, 'slots', slot)};
      await installer.prune([next, ...kept], NEVER);
      await installer.stage(next, NEVER);
      kept = [next, ...kept].slice(0, 2);
    },
    settle: () => installer.prune(kept, NEVER),
  };
};

const clone = ({url}: Repository, home: string): Way => {
  const tree = join(home, 'tree');
  return {
    name: 'git clone --depth 1',
    stage: () => run(['git', 'clone', '-q', '--depth', '1', url, tree]),
    settle: () => rm(tree, {recursive: true}),
  };
};

const worktree = async ({url}: Repository, home: string): Promise<Way> => {
  const [mirror, tree] = [join(home, 'mirror'), join(home, 'tree')];
  await run(['git', 'clone', '-q', '--mirror', url, mirror]);
  return {
    name: 'git fetch, git worktree add',
    stage: async revision => {
      await run(['git', '-C', mirror, 'fetch', '-q', url, revision]);
      await run(['git', '-C', mirror, 'worktree', 'add', '-q', '--detach', tree, revision]);
    },
    settle: () => run(['git', '-C', mirror, 'worktree', 'remove', '--force', tree]),
  };
};

const measure = async (repository: Repository, ways: readonly Way[]): Promise<Map<string, number[]>> => {
  const times = new Map<string, number[]>(ways.map(({name}) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    const revision = await repository.next();
    for (let turn = 0; turn < ways.length; turn += 1) {
      const way = ways[(turn + round) % ways.length];
      if (!way) continue;
      await run(['sync']);
      const began = performance.now();
      await way.stage(revision);
      const ms = performance.now() - began;
      // the first release of a host has nothing to build on
      if (round > 0) times.get(way.name)?.push(ms);
      console.log(`${round === 0 ? 'first' : `round ${round}`}: ${way.name}: ${rounded(ms, 0)} ms`);
      await way.settle();
    }
  }
  return times;
};

if (!(Number.isInteger(ROUNDS) && ROUNDS > 0))
  throw new Error(`expected --rounds to be a whole number above 0, got ${values.rounds}`);
const home = await mkdtemp(join(process.env.BENCH_DIR ?? tmpdir(), 'release-agent-bench-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void rm(home, {recursive: true, force: true}).finally(() => process.exit(130)));
try {
  const repository = await makeRepository(join(home, 'repository'));
  const ways = [
    ours(repository, join(home, 'ours')),
    clone(repository, join(home, 'clone')),
    await worktree(repository, join(home, 'worktree')),
  ];
  const times = await measure(repository, ways);
  const [our = Number.NaN, cloned = Number.NaN, worked = Number.NaN] = [...times.values()].map(median);
  console.log(
    JSON.stringify({
      bench: 'git',
      vs_clone: rounded(our / cloned, 3),
      vs_worktree: rounded(our / worked, 3),
      ms: rounded(our, 0),
      clone_ms: rounded(cloned, 0),
      worktree_ms: rounded(worked, 0),
      rounds: ROUNDS,
    }),
  );
} finally {
  await rm(home, {recursive: true, force: true});
}
