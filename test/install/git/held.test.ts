/** Servers give any commit by its id: only those that the allowed references hold become releases. */
import {readdirSync, rmSync, writeFileSync} from 'node:fs';
import {rename} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import t from 'tap';
import {reasonText} from '../../../agent/core/reason.ts';
import {reasonFrom} from '../../support/reason-from.ts';
import {serveGit} from './http.ts';
import {expectedTree, git, host, kindOf, never, type Origin, origin, treeOf} from './support.ts';

/** A commit that only this reference has. */
const aside = (app: Origin, ref: string): string => {
  git(app.path, 'checkout', '-q', '--detach');
  const revision = app.commit({evil: ref});
  git(app.path, 'update-ref', ref, revision);
  git(app.path, 'checkout', '-q', 'main');
  return revision;
};

t.test('a commit that only a pull request has is refused, those of branches and tags are not', async t => {
  const app = await origin(t);
  const old = app.commit({a: 'a'});
  app.commit({a: 'b'});
  const tip = app.commit({a: 'c'});
  const pulled = aside(app, 'refs/pull/1/head');
  const tagged = aside(app, 'refs/heads/gone');
  git(app.path, 'tag', '-a', '-m', 'tag', 'v1', tagged);
  git(app.path, 'update-ref', '-d', 'refs/heads/gone');
  const {url} = await serveGit(t, dirname(app.path));
  for (const remote of [app.url, `${url}/origin`]) {
    const {installer, slot} = await host(t, {url: remote});
    const why = await reasonFrom(installer.stage(slot('one', pulled), never));
    t.equal(why.kind, 'git.not-held');
    t.match(reasonText(why), /is not in the history of refs\/heads\/\*, refs\/tags\/\* of/);
    for (const [index, revision] of [tip, old, tagged].entries()) {
      await installer.stage(slot(`good-${index}`, revision), never);
      t.equal(treeOf(slot(`good-${index}`, revision).directory), expectedTree(app.path, revision));
    }
    t.equal(await kindOf(installer.stage(slot('two', pulled), never)), 'git.not-held', 'nor later');
    app.commit({a: `later ${remote}`});
    git(app.path, 'merge', '-q', '--no-edit', pulled);
    app.commit({b: `after ${remote}`});
    await installer.stage(slot('three', pulled), never);
    t.equal(treeOf(slot('three', pulled).directory), expectedTree(app.path, pulled), 'merged, it is held');
    git(app.path, 'reset', '-q', '--hard', tip);
  }
});

t.test('what was found is not asked again, unless other references are configured', async t => {
  const app = await origin(t);
  const revision = app.commit({a: 'a'});
  app.commit({a: 'b'});
  const {installer, slot, stateDir} = await host(t, app);
  await installer.stage(slot('one', revision), never);
  await installer.prune([slot('one', revision)], never);
  await rename(app.path, `${app.path}-away`);
  await installer.stage(slot('two', revision), never);
  t.equal(treeOf(slot('two', revision).directory), expectedTree(`${app.path}-away`, revision));
  const stricter = await host(t, {...app, refs: ['refs/tags/*']}, stateDir);
  t.equal(await kindOf(stricter.installer.stage(slot('three', revision), never)), 'git.unreachable');
  await rename(`${app.path}-away`, app.path);
  t.equal(await kindOf(stricter.installer.stage(slot('three', revision), never)), 'git.not-held');
  const signed = await host(t, {...app, refs: []}, stateDir);
  t.equal(await kindOf(signed.installer.stage(slot('three', revision), never)), 'no error');
});

t.test('one branch, a part of the tags, and a branch that went back', async t => {
  const app = await origin(t);
  const base = app.commit({a: 'a'});
  const dropped = app.commit({a: 'dropped'});
  const {installer, slot} = await host(t, {...app, refs: ['refs/heads/main', 'refs/tags/v*-final']});
  const stage = (name: string, revision: string) => kindOf(installer.stage(slot(name, revision), never));
  t.equal(await stage('base', base), 'no error');
  git(app.path, 'reset', '-q', '--hard', base);
  const other = aside(app, 'refs/heads/other');
  t.equal(await stage('dropped', dropped), 'git.not-held');
  t.equal(await stage('other', other), 'git.not-held');
  git(app.path, 'tag', 'v1-draft', other);
  t.equal(await stage('draft', other), 'git.not-held');
  git(app.path, 'tag', 'v1-final', other);
  t.equal(await stage('final', other), 'no error');
});

t.test('a server with filters sends commits alone, and one without them is asked all the same', async t => {
  const app = await origin(t);
  const old = app.commit({a: 'a', big: 'x'.repeat(9_000)});
  const older = app.commit({a: 'b'});
  app.commit({a: 'c'});
  for (const [filters, trees] of [
    ['true', 0],
    ['false', 3],
  ] as const) {
    git(app.path, 'config', 'uploadpack.allowFilter', filters);
    const {installer, slot, stateDir} = await host(t, app);
    await installer.stage(slot('one', old), never);
    await installer.stage(slot('two', older), never);
    t.equal(treesIn(stateDir), trees, `allowFilter ${filters}`);
  }
});

const treesIn = (stateDir: string): number => {
  const history =
    readdirSync(join(stateDir, 'git')).find(name => /^[0-9a-f]{32}-[0-9a-f]{16}$/.test(name)) ?? '';
  const objects = git(join(stateDir, 'git', history), 'cat-file', '--batch-all-objects', '--batch-check');
  return objects.split('\n').filter(line => line.includes(' tree ')).length;
};

t.test('a reference of the remote leads to nothing', async t => {
  const app = await origin(t);
  const old = app.commit({a: 'a'});
  const tip = app.commit({a: 'b'});
  const lost = aside(app, 'refs/heads/broken');
  rmSync(join(app.path, '.git/objects', lost.slice(0, 2), lost.slice(2)));
  writeFileSync(join(app.path, '.git/refs/heads/junk'), `${'0'.repeat(39)}1\n`);
  const {url} = await serveGit(t, dirname(app.path));
  for (const remote of [app.url, `${url}/origin`]) {
    const {installer, slot} = await host(t, {url: remote});
    t.equal(await kindOf(installer.stage(slot('one', tip), never)), 'no error', 'a tip needs no history');
    t.equal(await kindOf(installer.stage(slot('two', old), never)), 'git.remote-damaged');
    t.equal(await kindOf(installer.stage(slot('three', lost), never)), 'git.revision-missing');
  }
});
