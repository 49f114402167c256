import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {DEFAULT_REFS} from '../../../agent/config/build.ts';
import type {GitSettings} from '../../../agent/config/settings.ts';
import {gitInstaller} from '../../../agent/install/git/installer.ts';
import type {Installer, Slot} from '../../../agent/ports.ts';
import {keptLog} from '../../support/log.ts';
import {reasonFrom} from '../../support/reason-from.ts';
import {temporaryFolder} from '../../support/temporary.ts';

export interface Test {
  teardown(end: () => Promise<void>): void;
}

/** Runs git as an author would, apart from this machine's configuration. */
export const git = (cwd: string, ...args: readonly string[]): string =>
  execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: cwd,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Author',
      GIT_AUTHOR_EMAIL: 'author@example.org',
      GIT_COMMITTER_NAME: 'Author',
      GIT_COMMITTER_EMAIL: 'author@example.org',
    },
  }).trim();

export interface Origin {
  readonly path: string;
  readonly url: string;
  /** Writes these files (null removes one), commits, and gives the revision. */
  commit(files: Readonly<Record<string, string | Buffer | null>>, ...args: readonly string[]): string;
}

/** A repository to install from. */
export const origin = async (t: Test, ...init: readonly string[]): Promise<Origin> => {
  const path = join(await temporaryFolder(t), 'origin');
  mkdirSync(path);
  git(path, 'init', '-q', '-b', 'main', ...init);
  return {
    path,
    url: `file://${path}`,
    commit: (files, ...args) => {
      for (const [name, content] of Object.entries(files)) {
        if (content === null) git(path, 'rm', '-q', '--', name);
        else {
          mkdirSync(dirname(join(path, name)), {recursive: true});
          writeFileSync(join(path, name), content);
        }
      }
      git(path, 'add', '-A');
      git(path, 'commit', '-q', '--allow-empty', '-m', 'change', ...args);
      return git(path, 'rev-parse', 'HEAD');
    },
  };
};

export interface Host {
  readonly stateDir: string;
  readonly installer: Installer;
  /** what was logged so far */
  readonly said: () => readonly string[];
  slot(name: string, revision: string): Slot;
}

/** An installer on a state folder of its own, or on the one given. */
export const host = async (
  t: Test,
  settings: Partial<GitSettings> & {readonly url: string},
  stateDir?: string,
): Promise<Host> => {
  const folder = stateDir ?? (await temporaryFolder(t));
  const {log, lines} = keptLog();
  const signed = (settings.allowedSignersFile ?? settings.gpgHome) !== undefined;
  return {
    stateDir: folder,
    said: () => lines.map(({message}) => message),
    installer: gitInstaller({
      settings: {timeoutMs: 30_000, refs: signed ? [] : DEFAULT_REFS, ...settings},
      stateDir: folder,
      log,
    }),
    slot: (name, revision) => ({
      release: {kind: 'git', revision},
      slot: name,
      directory: join(folder, 'slots', name),
    }),
  };
};

/** The kind of reason a promise was rejected with; `no error` when it was not. */
export const kindOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return (await reasonFrom(Promise.reject(error))).kind;
  }
};

export const never = new AbortController().signal;

/** One line for each entry of a tree: mode, id of its content and name, as `git ls-tree -r` gives it. */
export const treeOf = (folder: string, objectFormat = 'sha1'): string => {
  const lines = execFileSync(
    'find',
    ['.', '-mindepth', '1', '-not', '-type', 'd', '-printf', '%y %m %P\\0'],
    {
      cwd: folder,
      encoding: 'latin1',
    },
  );
  return lines
    .split('\0')
    .filter(line => line !== '')
    .map(line => {
      const [type, mode] = line.split(' ', 2) as [string, string];
      const path = line.slice(type.length + mode.length + 2);
      return `${type === 'l' ? '120000' : `100${mode}`} ${idOf(folder, path, type, objectFormat)} ${path}`;
    })
    .sort()
    .join('\n');
};

/** What `treeOf` must give for a revision. */
export const expectedTree = (repository: string, revision: string): string =>
  execFileSync('git', ['ls-tree', '-r', '-z', '--full-tree', revision], {cwd: repository, encoding: 'latin1'})
    .split('\0')
    .filter(line => line !== '')
    .map(line => line.replace(/^(\d+) \w+ (\w+)\t/s, '$1 $2 '))
    .sort()
    .join('\n');

const idOf = (folder: string, path: string, type: string, format: string): string => {
  const file = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, 'latin1')]);
  const content = type === 'l' ? readlinkSync(file, 'buffer') : readFileSync(file);
  return createHash(format).update(`blob ${content.length}\0`).update(content).digest('hex');
};

/** The folder of the SHA-1 mirror. */
export const mirrorOf = (stateDir: string): string =>
  join(stateDir, 'git', readdirSync(join(stateDir, 'git')).find(name => /^[0-9a-f]{32}$/.test(name)) ?? '');
