/** Applications that run as root can write in their slot: what they altered is undone before the slot is used again. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import t from 'tap';
import {temporaryFolder} from '../../support/temporary.ts';
import {expectedTree, host, mirrorOf, never, origin, type Test, treeOf} from './support.ts';

const setUp = async (t: Test) => {
  const app = await origin(t);
  const revision = app.commit({
    'lib/a': 'a',
    'lib/b': 'b',
    same: 'same',
    run: '#!',
    gone: 'g',
    'ümlaut\n': 'u',
  });
  const {installer, slot, said, stateDir} = await host(t, app);
  const one = slot('one', revision);
  await installer.stage(one, never);
  renameSync(app.path, `${app.path}-away`);
  return {
    stateDir,
    said,
    directory: one.directory,
    index: join(stateDir, 'git/slots/one.index'),
    expected: expectedTree(`${app.path}-away`, revision),
    again: () => installer.stage(one, never),
    prune: () => installer.prune([], never),
  };
};

t.test('altered files are restored without network, others stay', async t => {
  const {directory, expected, again, said, index, prune} = await setUp(t);
  const outside = await temporaryFolder(t);
  writeFileSync(join(outside, 'a'), 'not ours');
  const {atime, mtime} = statSync(join(directory, 'same'));
  writeFileSync(join(directory, 'same'), 'SAME');
  utimesSync(join(directory, 'same'), atime, mtime);
  rmSync(join(directory, 'lib'), {recursive: true});
  symlinkSync(outside, join(directory, 'lib'));
  chmodSync(join(directory, 'run'), 0o755);
  rmSync(join(directory, 'gone'));
  mkdirSync(join(directory, 'gone'));
  writeFileSync(join(directory, 'ümlaut\n'), 'other');
  await again();
  t.equal(treeOf(directory), expected);
  t.equal(statSync(join(directory, 'lib')).mode & 0o777, 0o755);
  t.equal(readFileSync(join(outside, 'a'), 'utf8'), 'not ours');
  t.match(said(), [
    'files of one were altered since it was staged, and are restored: "gone", "lib/a", "lib/b", 3 more',
  ]);
  writeFileSync(join(directory, 'log'), 'of the application');
  await again();
  t.equal(said().length, 1, 'what was restored is not altered, and files of others are no matter');
  t.ok(existsSync(join(directory, 'log')));
  await prune();
  t.notOk(existsSync(index));
});

t.test('files below a running application stay as they are', async t => {
  const {directory, again, said, stateDir} = await setUp(t);
  writeFileSync(join(directory, 'same'), 'other');
  symlinkSync('slots/one', join(stateDir, 'current'));
  await again();
  t.equal(readFileSync(join(directory, 'same'), 'utf8'), 'other');
  t.same(said(), []);
});

t.test('with its index lost, damaged or locked, a slot is looked at all the same', async t => {
  const {directory, expected, again, index, said} = await setUp(t);
  const damages = [
    () => rmSync(index),
    () => truncateSync(index, 20),
    () => truncateSync(index, 0),
    () => writeFileSync(`${index}.lock`, ''),
  ];
  for (const damage of damages) {
    damage();
    writeFileSync(join(directory, 'same'), 'other');
    await again();
    t.equal(treeOf(directory), expected);
    t.match(said().at(-1), /are restored: "same"$/);
  }
  t.equal(said().length, damages.length);
});

t.test('what cannot be looked at or restored holds no rollback up', async t => {
  const {directory, again, said, stateDir, index} = await setUp(t);
  writeFileSync(join(directory, 'same'), 'other');
  rmSync(mirrorOf(stateDir), {recursive: true});
  await again();
  t.match(said(), [/^one is used as it is, altered or not: /]);
  rmSync(index);
  await again();
  t.match(said().at(-1), /^one is used as it is, altered or not: /);
  t.equal(readFileSync(join(directory, 'same'), 'utf8'), 'other');
});
