import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {
  appendFile,
  chmod,
  mkdir,
  open as openFile,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout} from 'node:timers/promises';
import {promisify} from 'node:util';
import t, {type Test} from 'tap';
import type {Store} from '../../agent/ports.ts';
import {withLock} from '../../agent/store/directory/lock.ts';
import {openStore} from '../../agent/store/open.ts';
import {eventually} from '../support/eventually.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {collect} from './contract/watch.ts';

const never = new AbortController().signal;
const unreachable = {name: 'ReasonError', reason: {kind: 'store.unreachable'}};
const refused = {name: 'ReasonError', reason: {kind: 'store.refused'}};
const program = (name: string) => join(import.meta.dirname, name);

const open = async (t: Test, path: string): Promise<Store> => {
  const store = await openStore({kind: 'directory', path});
  t.teardown(() => store.close());
  return store;
};

await t.test('an operator writes files', async t => {
  const root = await temporaryFolder(t);
  const store = await open(t, root);
  const watch = collect(t, store, 'web/desired');
  await eventually('the watch to begin', () => watch.last() === '');
  await mkdir(join(root, 'web'));
  const sees = (value: string) => eventually(value, () => watch.last() === `web/desired=${value}`);
  await writeFile(join(root, 'web/desired'), 'snap-1\n');
  await sees('snap-1\n');
  await appendFile(join(root, 'web/desired'), '# note');
  await sees('snap-1\n# note');
  await writeFile(join(root, 'web/.desired.swp'), 'an editor');
  await writeFile(join(root, 'web/desired~'), 'its backup');
  await writeFile(join(root, 'web/new'), 'snap-2');
  await rename(join(root, 'web/new'), join(root, 'web/desired'));
  await sees('snap-2');
  const keys = (await store.list('', never)).map(({key}) => key);
  t.same(keys, ['web/desired'], 'what an editor leaves is not listed');
  const entry = await store.get('web/desired', never);
  await writeFile(join(root, 'web/desired'), 'snap-3');
  const put = await store.put('web/desired', 'x', {version: entry?.version ?? ''}, never);
  t.same(put, {ok: false}, 'a hand-written change makes a compare-and-set fail');
  t.equal(await readFile(join(root, 'web/desired'), 'utf8'), 'snap-3');
});

await t.test('a file that is being written is not seen empty', async t => {
  const root = await temporaryFolder(t);
  const store = await open(t, root);
  await writeFile(join(root, 'desired'), 'snap-0');
  const watch = collect(t, store, 'desired');
  await eventually('the watch to begin', () => watch.updates.length > 0);
  for (let n = 1; n <= 12; n += 1) {
    const file = await openFile(join(root, 'desired'), 'w');
    await setTimeout(10); // a slow writer
    await file.writeFile(`snap-${n}`);
    await file.close();
    await eventually(`snap-${n}`, () => watch.last() === `desired=snap-${n}`);
  }
  const texts = watch.updates.map(update => update.type === 'value' && update.entries[0]?.value);
  t.notOk(texts.includes(''), 'between its truncation and its new content');
});

await t.test('a file that is being written is not seen empty while its neighbours change', async t => {
  const root = await temporaryFolder(t);
  const store = await open(t, root);
  await writeFile(join(root, 'desired'), 'snap-0');
  const watch = collect(t, store, 'desired');
  await eventually('the watch to begin', () => watch.updates.length > 0);
  const over = new AbortController();
  const neighbour = (async () => {
    for (let n = 0; !over.signal.aborted; n += 1) {
      await writeFile(join(root, 'neighbour'), String(n));
      await setTimeout(3);
    }
  })();
  for (let n = 1; n <= 20; n += 1) {
    const file = await openFile(join(root, 'desired'), 'w');
    await setTimeout(30);
    await file.writeFile(`snap-${n}`);
    await file.close();
    await eventually(`snap-${n}`, () => watch.last() === `desired=snap-${n}`);
  }
  over.abort();
  await neighbour;
  const texts = watch.updates.map(update => update.type === 'value' && update.entries[0]?.value);
  t.notOk(texts.includes(''), 'between its truncation and its new content');
});

await t.test('files that are no values', async t => {
  const root = await temporaryFolder(t);
  const store = await open(t, root);
  await writeFile(join(root, 'bytes'), Buffer.from([0x61, 0xff]));
  await writeFile(join(root, 'long'), 'x'.repeat(300_000));
  await promisify(execFile)('mkfifo', [join(root, 'pipe')]);
  await mkdir(join(root, 'folder'));
  await symlink('nowhere', join(root, 'dangling'));
  await symlink('loop', join(root, 'loop'));
  t.equal((await store.get('bytes', never))?.value, 'a\uFFFD', 'bytes that are not UTF-8 are marked');
  await t.rejects(store.get('long', never), {...refused, message: /at most 262144 bytes/});
  for (const key of ['pipe', 'folder', 'dangling', 'loop', 'bytes/below'])
    t.equal(await store.get(key, never), null, `${key} is no value`);
  t.same(
    (await store.list('', never)).map(({key}) => key),
    ['bytes'],
    'nor listed',
  );
});

await t.test('a version tells a file that was changed back', async t => {
  const root = await temporaryFolder(t);
  const store = await open(t, root);
  const first = await store.put('a', '1', 'any', never);
  await utimes(join(root, 'a'), new Date(), new Date(Date.now() - 60_000));
  const second = await store.get('a', never);
  t.equal(second?.value, '1');
  t.not(first.ok && first.version, second?.version);
});

await t.test('a folder that vanishes', async t => {
  const root = join(await temporaryFolder(t), 'store');
  const store = await open(t, root);
  await store.put('web/desired', 'one', 'any', never);
  const watch = collect(t, store, 'web/desired');
  await eventually('the watch to begin', () => watch.last() === 'web/desired=one');
  await rename(root, `${root}.away`);
  await t.rejects(store.get('web/desired', never), unreachable);
  await t.rejects(store.list('web/', never), unreachable);
  await t.rejects(store.put('web/desired', 'x', 'any', never), unreachable, 'is not made again by a write');
  await t.rejects(store.delete('web/desired', 'any', never), unreachable);
  await eventually('the watch to be lost', () => watch.last() === 'lost');
  await rename(`${root}.away`, root);
  await eventually('the value again', () => watch.last() === 'web/desired=one', {timeoutMs: 15_000});
  t.same(
    watch.updates.map(({type}) => type),
    ['value', 'lost', 'value'],
    'each is told once',
  );
  const startedAt = Date.now();
  await store.put('web/desired', 'two', 'any', never);
  await eventually('the next value', () => watch.last() === 'web/desired=two');
  t.ok(Date.now() - startedAt < 2_000, 'changes are told at once again, not only looked for');
});

await t.test('the lock of a process that was killed', async t => {
  const root = await temporaryFolder(t);
  const store = await open(t, root);
  const path = join(root, '.lock');
  const child = spawn(process.execPath, [program('lock-holder.ts'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data', {signal: AbortSignal.timeout(20_000)});
  const blocked = withLock({store: 'test', path}, () => Promise.resolve(), AbortSignal.timeout(300));
  await t.rejects(
    blocked,
    {...unreachable, message: new RegExp(`held by .*:${child.pid}:`)},
    'a live one keeps it',
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  const puts = await Promise.all(Array.from({length: 8}, (_, n) => store.put(`k${n}`, 'x', 'absent', never)));
  t.ok(
    puts.every(({ok}) => ok),
    'a dead one loses it',
  );

  const owner = ['another-boot', '1', '1', '1', 'x'].join(':');
  await symlink(owner, path);
  const signal = AbortSignal.timeout(300);
  await t.rejects(
    withLock({store: 'test', path}, () => Promise.resolve(), signal),
    unreachable,
    'the unknown waits',
  );
  await rm(path);
  await symlink([owner].join(), path);
  await promisify(execFile)('touch', ['-h', '-d', '1 minute ago', path]);
  t.ok((await store.put('k', 'x', 'any', never)).ok, 'an owner that cannot be judged loses it after a while');
  t.same(
    (await readdir(root)).filter(name => name.startsWith('.')),
    [],
    'and nothing is left behind',
  );
});

await t.test('processes of another user count together', async t => {
  const root = await temporaryFolder(t);
  await chmod(root, 0o777);
  const nobody = process.getuid?.() === 0 ? {uid: 65534, gid: 65534} : {};
  const children = Array.from({length: 4}, () =>
    promisify(execFile)(process.execPath, [program('count-up.ts'), root, '25'], {...nobody, timeout: 60_000}),
  );
  await Promise.all(children);
  const store = await open(t, root);
  t.equal((await store.get('web/count', never))?.value, '100', 'four times 25 increments are 100');
});
