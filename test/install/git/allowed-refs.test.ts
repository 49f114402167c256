/** Servers give any commit by its id: only those that the allowed references hold become releases. One repository goes through it all. */
import {readdirSync, rmSync, writeFileSync} from 'node:fs';
import {rename} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import t from 'tap';
import {reasonText} from '../../../agent/core/reason.ts';
import {isAllowed} from '../../../agent/install/git/mirror/refs.ts';
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

/** How many trees the history of the allowed references has. */
const treesIn = (stateDir: string): number => {
  const history =
    readdirSync(join(stateDir, 'git')).find(name => /^[0-9a-f]{32}-[0-9a-f]{16}$/.test(name)) ?? '';
  const objects = git(join(stateDir, 'git', history), 'cat-file', '--batch-all-objects', '--batch-check');
  return objects.split('\n').filter(line => line.includes(' tree ')).length;
};

const app = await origin(t);
const old = app.commit({a: 'a'});
app.commit({a: 'b'});

t.test('a commit that only a pull request has is refused, those of branches and tags are not', async t => {
  const pulled = aside(app, 'refs/pull/1/head');
  const tagged = aside(app, 'refs/heads/gone');
  git(app.path, 'tag', '-a', '-m', 'tag', 'v1', tagged);
  git(app.path, 'update-ref', '-d', 'refs/heads/gone');
  const {url} = await serveGit(t, dirname(app.path));
  const {installer, slot, stateDir} = await host(t, {url: `${url}/origin`});
  const why = await reasonFrom(installer.stage(slot('one', pulled), never));
  t.equal(why.kind, 'git.not-held');
  t.match(reasonText(why), /is not in the history of refs\/heads\/\*, refs\/tags\/\* of/);
  for (const [name, revision] of Object.entries({old, tagged})) {
    await installer.stage(slot(name, revision), never);
    t.equal(treeOf(slot(name, revision).directory), expectedTree(app.path, revision));
  }
  git(app.path, 'merge', '-q', '--no-edit', pulled);
  app.commit({b: 'after'});
  await installer.stage(slot('two', pulled), never);
  t.equal(treeOf(slot('two', pulled).directory), expectedTree(app.path, pulled), 'merged, it is held');
  t.ok(treesIn(stateDir) > 0, 'a server without filters sends all it has');
});

t.test('what was found is not asked again, unless other references are configured', async t => {
  git(app.path, 'config', 'uploadpack.allowFilter', 'true');
  const {installer, slot, stateDir} = await host(t, app);
  await installer.stage(slot('one', old), never);
  t.equal(treesIn(stateDir), 0, 'a server with filters sends commits alone');
  await installer.prune([slot('one', old)], never);
  await rename(app.path, `${app.path}-away`);
  await installer.stage(slot('two', old), never);
  t.equal(treeOf(slot('two', old).directory), expectedTree(`${app.path}-away`, old));
  const stricter = await host(t, {...app, refs: ['refs/pull/*']}, stateDir);
  t.equal(await kindOf(stricter.installer.stage(slot('three', old), never)), 'git.unreachable');
  await rename(`${app.path}-away`, app.path);
  const signed = await host(t, {...app, refs: []}, stateDir);
  t.equal(await kindOf(signed.installer.stage(slot('three', old), never)), 'no error');
});

t.test('one branch, a part of the tags, and a branch that went back', async t => {
  const refs = ['refs/heads/main', 'refs/tags/v*-final'];
  const allowed = ['refs/heads/main', 'refs/tags/v1-final', 'refs/tags/v/1-final'];
  const others = ['refs/heads/main2', 'refs/heads/other', 'refs/tags/v1-draft', 'refs/tags/v-fina', 'refs/x'];
  for (const ref of allowed) t.ok(isAllowed(refs, ref), ref);
  for (const ref of others) t.notOk(isAllowed(refs, ref), ref);
  const dropped = app.commit({a: 'dropped'});
  git(app.path, 'tag', 'v1-draft', dropped);
  git(app.path, 'reset', '-q', '--hard', 'HEAD^');
  const {installer, slot} = await host(t, {...app, refs});
  t.equal(await kindOf(installer.stage(slot('one', dropped), never)), 'git.not-held');
  git(app.path, 'tag', 'v1-final', dropped);
  t.equal(await kindOf(installer.stage(slot('one', dropped), never)), 'no error');
});

t.test('a reference of the remote leads to nothing', async t => {
  const tip = git(app.path, 'rev-parse', 'HEAD');
  const lost = aside(app, 'refs/heads/broken');
  rmSync(join(app.path, '.git/objects', lost.slice(0, 2), lost.slice(2)));
  writeFileSync(join(app.path, '.git/refs/heads/junk'), `${'0'.repeat(39)}1\n`);
  const {installer, slot} = await host(t, app);
  t.equal(await kindOf(installer.stage(slot('one', tip), never)), 'no error', 'a tip needs no history');
  t.equal(await kindOf(installer.stage(slot('two', old), never)), 'git.remote-damaged');
});
