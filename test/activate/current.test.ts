import {mkdir, readlink, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {ensurePath, linkHere, pointCurrent, readCurrent} from '../../agent/activate/current.ts';
import {reasonFrom} from '../support/reason-from.ts';
import {temporaryFolder} from '../support/temporary.ts';

const signal = new AbortController().signal;

t.test('current is made, swapped and read', async t => {
  const state = await temporaryFolder(t);
  t.equal(await readCurrent(state), null);
  await pointCurrent(state, 'one');
  t.equal(await readCurrent(state), 'one');
  await pointCurrent(state, 'two');
  await pointCurrent(state, 'two');
  t.equal(await readCurrent(state), 'two');
  t.equal(await readlink(join(state, 'current')), 'slots/two');
});

t.test('what an interrupted swap left does not matter', async t => {
  const state = await temporaryFolder(t);
  await symlink('slots/half', join(state, 'current.new'));
  await pointCurrent(state, 'whole');
  t.equal(await readCurrent(state), 'whole');
});

t.test('at every moment of many swaps current points at a release', async t => {
  const state = await temporaryFolder(t);
  await pointCurrent(state, 'a');
  let swapping = true;
  const swaps = (async () => {
    for (let round = 0; round < 100; round++) await pointCurrent(state, round % 2 ? 'a' : 'b');
    swapping = false;
  })();
  const seen = new Set<string>();
  while (swapping) seen.add(await readlink(join(state, 'current')));
  await swaps;
  t.same([...seen].sort(), ['slots/a', 'slots/b']);
});

t.test('anything else in the place of current is refused', async t => {
  const state = await temporaryFolder(t);
  await mkdir(join(state, 'current'));
  await t.rejects(pointCurrent(state, 'a'), {message: /current: expected a link.*found a file or folder/});
  const other = await temporaryFolder(t);
  await symlink('/etc', join(other, 'current'));
  await t.rejects(readCurrent(other), {message: /a link to "\/etc"/});
});

t.test('the release path is made when nothing is there, and kept when it is ours', async t => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'srv', 'release');
  await ensurePath({path, stateDir: join(folder, 'state'), makeLink: linkHere}, signal);
  await ensurePath({path, stateDir: join(folder, 'state'), makeLink: linkHere}, signal);
  t.equal(await readlink(path), join(folder, 'state', 'current'));
});

t.test('something else at the release path is refused and left as it is', async t => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'file'), 'precious');
  await symlink('/somewhere', join(folder, 'link'));
  t.match(
    await reasonFrom(ensurePath({path: join(folder, 'file'), stateDir: folder, makeLink: linkHere}, signal)),
    {kind: 'activate.failed'},
  );
  await t.rejects(ensurePath({path: join(folder, 'link'), stateDir: folder, makeLink: linkHere}, signal), {
    message: /found a link to "\/somewhere"/,
  });
  t.equal(await readlink(join(folder, 'link')), '/somewhere');
});
