import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import t from 'tap';
import {temporaryFolder} from '../../support/temporary.ts';
import {expectedTree, host, kindOf, mirrorOf, never, origin, treeOf} from './support.ts';

const CHILD = join(import.meta.dirname, 'crash-child.ts');
const KILLS = 5;

t.test('killed at any moment, the next run has whole slots or none, and leaves nothing behind', async t => {
  const app = await origin(t);
  const files = Object.fromEntries(
    Array.from({length: 400}, (_, n) => [`d${n % 20}/f${n}`, `${n}`.repeat(50)]),
  );
  const revisions = [app.commit(files)];
  for (const n of [1, 2, 3])
    revisions.push(app.commit({[`d${n}/f${n}`]: `changed ${n}`, [`new${n}`]: 'new'}));
  const pairs = revisions.map((revision, n) => `s${n}=${revision}`);
  const whole = await runFor(t, app.url, pairs, 60_000);
  for (let kill = 0; kill < KILLS; kill++) {
    const {stateDir} = await runFor(t, app.url, pairs, 100 + (whole.tookMs * kill) / KILLS);
    const {installer, slot} = await host(t, app, stateDir);
    const slots = revisions.map((revision, n) => slot(`s${n}`, revision));
    for (const [n, each] of slots.entries()) {
      if (existsSync(each.directory))
        t.equal(
          treeOf(each.directory),
          expectedTree(app.path, revisions[n] ?? ''),
          `${each.slot}, kill ${kill}`,
        );
      await installer.stage(each, never);
      t.equal(
        treeOf(each.directory),
        expectedTree(app.path, revisions[n] ?? ''),
        `${each.slot} again, kill ${kill}`,
      );
    }
    await installer.prune(slots.slice(-1), never);
    t.same(readdirSync(join(stateDir, 'slots')), ['s3']);
    t.same(readdirSync(join(stateDir, 'git/staging')), []);
    t.same(readdirSync(join(stateDir, 'git/trash')), []);
  }
});

t.test('whatever stands in the place of a slot, without a marker or with half of one, gives way', async t => {
  const app = await origin(t);
  const revision = app.commit({a: 'a', b: 'b'});
  const {installer, slot, stateDir} = await host(t, app);
  const one = slot('one', revision);
  const whole = async (what: string) => {
    await installer.stage(one, never);
    t.equal(treeOf(one.directory), expectedTree(app.path, revision), what);
  };
  const litter = (folder: string) => {
    mkdirSync(join(folder, 'a'), {recursive: true});
    writeFileSync(join(folder, 'a/litter'), 'litter');
    writeFileSync(join(folder, 'more'), 'litter');
  };
  litter(join(stateDir, 'git/staging/one/tree'));
  writeFileSync(join(stateDir, 'git/staging/one/index'), 'rubbish');
  await whole('a tree in the making');
  rmSync(join(stateDir, 'git/slots/one.json'));
  litter(join(one.directory, 'folder'));
  await whole('a folder without a marker');
  writeFileSync(join(stateDir, 'git/slots/one.json'), '{"slot":');
  litter(join(one.directory, 'folder'));
  await whole('a marker that is not readable');
  rmSync(join(stateDir, 'git/spare'), {recursive: true, force: true});
  litter(join(stateDir, 'git/spare/tree'));
  await whole('a complete slot beside a spare without a record');
  const two = slot('two', app.commit({a: 'c'}));
  await installer.stage(two, never);
  t.equal(treeOf(two.directory), expectedTree(app.path, 'HEAD'), 'a spare without a record is not used');
});

t.test('a tree that was marked but not renamed is adopted without network', async t => {
  const app = await origin(t);
  const revision = app.commit({a: 'a'});
  const {installer, slot, stateDir} = await host(t, app);
  const one = slot('one', revision);
  await installer.stage(one, never);
  mkdirSync(join(stateDir, 'git/staging/one'));
  renameSync(one.directory, join(stateDir, 'git/staging/one/tree'));
  renameSync(app.path, `${app.path}-away`);
  rmSync(mirrorOf(stateDir), {recursive: true});
  await installer.stage(one, never);
  t.equal(treeOf(one.directory), expectedTree(`${app.path}-away`, revision));
});

t.test('a stage that is called while a spare is prepared does not wait for it', async t => {
  const app = await origin(t);
  const one = app.commit(
    Object.fromEntries(Array.from({length: 2_000}, (_, n) => [`d${n % 50}/f${n}`, `${n}`])),
  );
  const two = app.commit({next: 'next'});
  const {installer, slot, stateDir, said} = await host(t, app);
  await installer.stage(slot('one', one), never);
  const pruned = installer.prune([slot('one', one)], never);
  t.equal(await kindOf(installer.stage(slot('two', two), never)), 'no error');
  await pruned;
  t.equal(treeOf(slot('two', two).directory), expectedTree(app.path, two));
  t.notOk(existsSync(join(stateDir, 'git/spare')));
  t.match(said().join('\n'), /the spare tree is left as it is/);
});

const runFor = async (
  t: {teardown(end: () => Promise<void>): void},
  url: string,
  pairs: readonly string[],
  ms: number,
) => {
  const stateDir = await temporaryFolder(t);
  const began = performance.now();
  const child = spawn(process.execPath, [CHILD, stateDir, url, ...pairs], {stdio: 'ignore', detached: true});
  const over = once(child, 'exit');
  const controller = new AbortController();
  await Promise.race([over, sleep(ms, undefined, {signal: controller.signal}).catch(() => {})]);
  controller.abort();
  child.kill('SIGKILL');
  await over;
  return {stateDir, tookMs: performance.now() - began};
};
