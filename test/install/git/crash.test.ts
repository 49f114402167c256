import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import t from 'tap';
import {temporaryFolder} from '../../support/temporary.ts';
import {expectedTree, host, kindOf, never, origin, treeOf} from './support.ts';

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

t.test('a stage that is called while a spare is prepared does not wait for it', async t => {
  const app = await origin(t);
  const one = app.commit(
    Object.fromEntries(Array.from({length: 2_000}, (_, n) => [`d${n % 50}/f${n}`, `${n}`])),
  );
  const two = app.commit({next: 'next'});
  const {installer, slot, stateDir} = await host(t, app);
  await installer.stage(slot('one', one), never);
  const pruned = installer.prune([slot('one', one)], never);
  t.equal(await kindOf(installer.stage(slot('two', two), never)), 'no error');
  await pruned;
  t.equal(treeOf(slot('two', two).directory), expectedTree(app.path, two));
  t.notOk(existsSync(join(stateDir, 'git/spare')));
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
