import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {rename} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {expectedTree, git, host, kindOf, mirrorOf, never, origin, treeOf} from './support.ts';

t.test('a slot equals the tree of its revision, byte for byte', async t => {
  const app = await origin(t);
  git(app.path, 'config', 'core.autocrlf', 'false');
  symlinkSync('/etc/hostname', join(app.path, 'outside'));
  symlinkSync('lib/a.txt', join(app.path, 'inside'));
  const names = {
    'lib/a.txt': 'a\n',
    'with space': 'b',
    'new\nline': 'c',
    'dev\\x2did.mount': 'd',
    ümlaut: 'e',
  };
  app.commit({
    ...names,
    'bin/run': '#!/bin/sh\n',
    'crlf.txt': 'one\r\ntwo\n',
    binary: Buffer.from([0, 255, 13, 10]),
    empty: '',
  });
  chmodSync(join(app.path, 'bin/run'), 0o755);
  const revision = app.commit({});
  const {installer, slot} = await host(t, app);
  await installer.stage(slot('one', revision), never);
  const {directory} = slot('one', revision);
  t.equal(treeOf(directory), expectedTree(app.path, revision));
  t.equal(lstatSync(directory).mode & 0o777, 0o755);
  t.equal(lstatSync(join(directory, 'lib')).mode & 0o777, 0o755);
});

t.test('modes do not depend on the mask of the agent', async t => {
  const app = await origin(t);
  const revision = app.commit({'lib/a': 'a'});
  const {installer, slot} = await host(t, app);
  const before = process.umask(0o077);
  t.teardown(async () => void process.umask(before));
  await installer.stage(slot('one', revision), never);
  t.equal(lstatSync(slot('one', revision).directory).mode & 0o777, 0o755);
  t.equal(lstatSync(join(slot('one', revision).directory, 'lib')).mode & 0o777, 0o755);
  t.equal(lstatSync(join(slot('one', revision).directory, 'lib/a')).mode & 0o777, 0o644);
});

t.test('a complete slot is staged again without network or work', async t => {
  const app = await origin(t);
  const revision = app.commit({a: 'a'});
  const {installer, slot} = await host(t, app);
  await installer.stage(slot('one', revision), never);
  await rename(app.path, `${app.path}-away`);
  const {ino} = lstatSync(slot('one', revision).directory);
  await installer.stage(slot('one', revision), never);
  t.equal(lstatSync(slot('one', revision).directory).ino, ino);
  await installer.stage(slot('two', revision), never);
  t.equal(
    treeOf(slot('two', revision).directory),
    expectedTree(`${app.path}-away`, revision),
    'the mirror has it',
  );
});

t.test(
  'a spare made in between is changed into the next release and shares nothing with the last',
  async t => {
    const app = await origin(t);
    const one = app.commit({same: 'same', changed: 'old', 'gone/deep/file': 'gone', kind: 'file'});
    git(app.path, 'rm', '-q', '-r', 'gone', 'kind');
    symlinkSync('same', join(app.path, 'kind'));
    const two = app.commit({changed: 'new', 'added/file': 'added'});
    const {installer, slot, stateDir} = await host(t, app);
    await installer.stage(slot('one', one), never);
    await installer.prune([slot('one', one)], never);
    const spare = lstatSync(join(stateDir, 'git/spare/tree/same')).ino;
    await installer.stage(slot('two', two), never);
    t.equal(treeOf(slot('two', two).directory), expectedTree(app.path, two));
    t.equal(treeOf(slot('one', one).directory), expectedTree(app.path, one));
    t.equal(
      lstatSync(join(slot('two', two).directory, 'same')).ino,
      spare,
      'the unchanged file was not written again',
    );
    t.equal(lstatSync(join(slot('two', two).directory, 'same')).nlink, 1);
    t.notOk(existsSync(join(slot('two', two).directory, 'gone')));
  },
);

t.test('a file of the spare that somebody changed is written anew', async t => {
  const app = await origin(t);
  const one = app.commit({same: 'same', gone: 'gone'});
  const two = app.commit({other: 'other'});
  const {installer, slot, stateDir} = await host(t, app);
  await installer.stage(slot('one', one), never);
  await installer.prune([slot('one', one)], never);
  writeFileSync(join(stateDir, 'git/spare/tree/same'), 'evil');
  rmSync(join(stateDir, 'git/spare/tree/gone'));
  await installer.stage(slot('two', two), never);
  t.equal(treeOf(slot('two', two).directory), expectedTree(app.path, two));
});

t.test('SHA-256 repositories', async t => {
  const app = await origin(t, '--object-format=sha256');
  const revision = app.commit({a: 'a'});
  t.equal(revision.length, 64);
  const {installer, slot} = await host(t, app);
  await installer.stage(slot('one', revision), never);
  t.equal(treeOf(slot('one', revision).directory, 'sha256'), expectedTree(app.path, revision));
  t.equal(await kindOf(installer.stage(slot('two', 'a'.repeat(40)), never)), 'git.object-format');
});

t.test(
  'an unknown revision, a remote that is not there, and an object that is no commit are told apart',
  async t => {
    const app = await origin(t);
    const revision = app.commit({a: 'a'});
    const {installer, slot, stateDir} = await host(t, app);
    t.equal(await kindOf(installer.stage(slot('one', 'a'.repeat(40)), never)), 'git.revision-missing');
    const tree = git(app.path, 'rev-parse', `${revision}^{tree}`);
    t.equal(await kindOf(installer.stage(slot('two', tree), never)), 'git.not-a-commit');
    const nowhere = await host(t, {url: `${app.url}-nowhere`});
    t.equal(await kindOf(nowhere.installer.stage(slot('three', revision), never)), 'git.unreachable');
    t.notOk(existsSync(join(stateDir, 'slots')), 'nothing was written');
  },
);

t.test('submodules and LFS are refused', async t => {
  const app = await origin(t);
  app.commit({a: 'a'});
  const {installer, slot} = await host(t, app);
  const stage = (revision: string) => kindOf(installer.stage(slot('one', revision), never));
  t.equal(await stage(app.commit({'.gitmodules': '[submodule "x"]\n'})), 'git.submodule');
  app.commit({'.gitmodules': null});
  git(app.path, 'update-index', '--add', '--cacheinfo', `160000,${'a'.repeat(40)},lib/sub`);
  git(app.path, 'commit', '-q', '-m', 'link');
  t.equal(await stage(git(app.path, 'rev-parse', 'HEAD')), 'git.submodule');
  git(app.path, 'rm', '-q', '--cached', 'lib/sub');
  t.equal(await stage(app.commit({'sub/.gitattributes': '*.bin filter=lfs diff=lfs -text\n'})), 'git.lfs');
  app.commit({'sub/.gitattributes': '# *.bin filter=lfs\n'});
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`;
  t.equal(await stage(app.commit({'movie.bin': pointer})), 'git.lfs');
  t.equal(await stage(app.commit({'movie.bin': 'movie'})), 'no error');
});

t.test('prune keeps what it is told, and a next prune removes everything else', async t => {
  const app = await origin(t);
  const {installer, slot, stateDir} = await host(t, app);
  const revisions: string[] = [];
  for (const n of [0, 1, 2, 3, 4, 5, 6, 7]) {
    revisions.push(app.commit({a: `a${n}`, [`only${n}`]: `${n}`}));
    await installer.stage(slot(`s${n}`, revisions[n] ?? ''), never);
  }
  const keep = [6, 7].map(n => slot(`s${n}`, revisions[n] ?? ''));
  mkdirSync(join(stateDir, 'git/staging/leftover/tree'), {recursive: true});
  mkdirSync(join(stateDir, 'git/0123456789abcdef'));
  mkdirSync(join(stateDir, 'slots/of-another-kind'));
  for (const name of ['s1', 's6']) writeFileSync(join(stateDir, `git/slots/${name}.json.new`), '{');
  await installer.prune(keep, never);
  t.same(readdirSync(join(stateDir, 'slots')).sort(), ['of-another-kind', 's6', 's7']);
  t.same(readdirSync(join(stateDir, 'git/staging')), []);
  t.same(readdirSync(join(stateDir, 'git/slots')).sort(), ['s6.index', 's6.json', 's7.index', 's7.json']);
  t.same(readdirSync(join(stateDir, 'git/trash')), []);
  t.notOk(existsSync(join(stateDir, 'git/0123456789abcdef')));
  t.same(
    readdirSync(join(stateDir, 'git/slots')).sort(),
    ['s6.index', 's6.json', 's7.index', 's7.json'],
    'nor what a write left that never ended',
  );
  const mirror = mirrorOf(stateDir);
  const objects = git(mirror, 'cat-file', '--batch-all-objects', '--batch-check');
  t.match(objects, revisions[7]);
  t.match(objects, revisions[6]);
  t.notMatch(objects, revisions[0]);
  t.equal(git(mirror, 'fsck', '--strict', '--no-dangling'), '');
  const next = app.commit({a: 'next'});
  await installer.stage(slot('s8', next), never);
  t.equal(treeOf(slot('s8', next).directory), expectedTree(app.path, next));
});

t.test('prune prepares no spare while a kept slot still has to be staged', async t => {
  const app = await origin(t);
  const one = app.commit({a: 'a'});
  const {installer, slot, stateDir} = await host(t, app);
  await installer.stage(slot('one', one), never);
  await installer.prune([slot('one', one), slot('two', 'b'.repeat(40))], never);
  t.notOk(existsSync(join(stateDir, 'git/spare')));
  rmSync(join(stateDir, 'slots/one'), {recursive: true});
  await installer.stage(slot('one', one), never);
  t.equal(
    treeOf(slot('one', one).directory),
    expectedTree(app.path, one),
    'a slot whose folder is gone is made again',
  );
});

t.test('a kept slot whose marker is lost does not keep the spare from being prepared', async t => {
  const app = await origin(t);
  const one = app.commit({a: 'a'});
  const two = app.commit({a: 'b'});
  const {installer, slot, stateDir} = await host(t, app);
  await installer.stage(slot('one', one), never);
  await installer.stage(slot('two', two), never);
  rmSync(join(stateDir, 'git/slots/one.json'));
  await installer.prune([slot('one', one), slot('two', two)], never);
  t.equal(treeOf(join(stateDir, 'git/spare/tree')), expectedTree(app.path, two));
});
