/** Revisions that cannot be installed, and remotes that do not give them. */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Published} from '../../lab/instance/in-service.ts';
import {ADDRESSES} from '../../lab/network/network.ts';
import type {Lane} from './lane.ts';
import type {Row} from './row.ts';
import {commitOf, objectOf, otherRepository, pushTo} from './special.ts';

const desire = async (lane: Lane, bad: Published): Promise<Published> => {
  await lane.put('desired', bad.id);
  return bad;
};

const unknown = (name: string, id: string, reason: Row['reason']): Row => ({
  name: `git: ${name}`,
  trigger: lane => desire(lane, {id, release: {name: 'none'}}),
  reason,
});

/** The remote answers this host with an HTTP status only, for a while. */
const answering = (name: string, status: number, reason: Row['reason']): Row => {
  const end = async ({region, instance}: Lane) => void region.git.refused.delete(instance.ip);
  return {
    name: `git: ${name}`,
    trigger: async lane => {
      const bad = await lane.make('git');
      lane.region.git.refused.set(lane.instance.ip, status);
      return desire(lane, bad);
    },
    reason,
    mend: end,
    afterwards: 'itself',
    cleanup: end,
  };
};

/** A commit whose tree we do not install. */
const unfit = (
  name: string,
  text: string,
  how: {change?: (folder: string) => Promise<unknown>; more?: readonly string[]; kind: Row['reason']['kind']},
): Row => ({
  name: `git: ${name}`,
  trigger: async lane =>
    desire(lane, await commitOf(lane, how.change ?? (async () => undefined), {more: how.more ?? []})),
  reason: {kind: how.kind, text},
});

const REMOTE = `http://${ADDRESSES.git}/app.git`;
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`;
const GITLINK = `160000,${'1'.repeat(40)},vendor/library`;

const others = new WeakMap<Published, string>();
const found = async ({instance}: Lane): Promise<void> => instance.find(ADDRESSES.git).catch(() => undefined); // it was found already

/** Rows about git. */
export const GIT_ROWS: readonly Row[] = [
  unknown('a revision that the remote does not have', 'd'.repeat(40), {
    kind: 'git.revision-missing',
    text: `${REMOTE} does not have ${'d'.repeat(40)}`,
  }),
  unknown('the null revision', '0'.repeat(40), {kind: 'git.revision-missing', text: 'does not have 0000'}),
  unknown('a revision of SHA-256 digits', 'd'.repeat(64), {
    kind: 'git.object-format',
    text: `${REMOTE} does not use the object format of ${'d'.repeat(64)}`,
  }),
  {
    name: 'git: a revision that is pushed only later',
    trigger: async lane => {
      const from = await otherRepository(lane);
      const bad = await commitOf(lane, async () => undefined, {bare: from});
      others.set(bad, from);
      return desire(lane, bad);
    },
    reason: {kind: 'git.revision-missing', text: `${REMOTE} does not have {release}`},
    mend: async (lane, bad) => bad && pushTo(lane, bad, others.get(bad) ?? ''),
    afterwards: 'itself',
  },
  {
    name: 'git: a tree instead of a commit',
    trigger: async lane => {
      const commit = await lane.make('git');
      return desire(lane, {...commit, id: await objectOf(lane, commit, '')});
    },
    reason: {kind: 'git.not-a-commit', text: '{release} is a tree, not a commit'},
  },
  {
    name: 'git: a file instead of a commit',
    trigger: async lane => {
      const commit = await lane.make('git');
      return desire(lane, {...commit, id: await objectOf(lane, commit, 'release.json')});
    },
    reason: {kind: 'git.not-a-commit', text: '{release} is a blob, not a commit'},
  },
  unfit('a submodule', '{release} has a submodule (vendor/library)', {
    kind: 'git.submodule',
    more: ['--add', '--cacheinfo', GITLINK],
  }),
  unfit('LFS by its attributes', '{release} uses git LFS (assets/.gitattributes)', {
    kind: 'git.lfs',
    change: async folder => {
      await mkdir(join(folder, 'assets'));
      await writeFile(join(folder, 'assets/.gitattributes'), '*.bin filter=lfs diff=lfs merge=lfs -text\n');
    },
  }),
  unfit('LFS by a pointer', '{release} uses git LFS (model.bin)', {
    kind: 'git.lfs',
    change: folder => writeFile(join(folder, 'model.bin'), POINTER),
  }),
  answering('a remote that refuses the credentials', 401, {
    kind: 'git.auth-refused',
    text: `${REMOTE} refuses the credentials: `,
  }),
  answering('a remote that forbids it', 403, {
    kind: 'git.auth-refused',
    text: `${REMOTE} refuses the credentials: `,
  }),
  answering('a remote that is broken', 503, {kind: 'git.unreachable', text: `${REMOTE} does not answer: `}),
  answering('a repository that is not there', 404, {
    kind: 'git.unreachable',
    text: `${REMOTE} does not answer: `,
  }),
  answering('a remote that is no git server', 200, {
    kind: 'git.exact-refused',
    text: `${REMOTE} does not give single revisions`,
  }),
  answering('a remote that moved', 301, {kind: 'git.unreachable', text: `${REMOTE} does not answer: `}),
  {
    name: 'git: a remote that cannot be reached',
    trigger: async lane => {
      const bad = await lane.make('git');
      await lane.instance.lose(ADDRESSES.git);
      return desire(lane, bad);
    },
    reason: {kind: 'git.stalled', text: `the transfer from ${REMOTE} stalled and was stopped after 15 s`},
    mend: found,
    afterwards: 'itself',
    cleanup: found,
  },
];
