import {rm, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {followCloudInit} from '../../agent/host/cloud-init.ts';
import {eventually} from '../support/eventually.ts';
import {temporaryFolder} from '../support/temporary.ts';

t.test('a machine without cloud-init, or with one that is switched off, is not being set up', async t => {
  const folder = await temporaryFolder(t);
  t.equal(await followCloudInit({folder: join(folder, 'none')})(), false);
  await writeFile(join(folder, 'disabled'), '');
  t.equal(await followCloudInit({folder})(), false);
});

t.test('it is while cloud-init runs, and a while after', async t => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'enabled'), '');
  const settingUp = followCloudInit({folder, graceMs: 300});
  t.equal(await settingUp(), true);
  await symlink('../data/result.json', join(folder, 'result.json'));
  t.equal(await settingUp(), true, 'a link to nothing is no end');
  await rm(join(folder, 'result.json'));
  await writeFile(join(folder, 'result.json'), '{}');
  t.equal(await settingUp(), true, 'what it started comes up');
  await eventually('the grace to be over', async () => !(await settingUp()));
  t.equal(await followCloudInit({folder})(), false, 'who asks after its end does not wait');
});

t.test('a command that hangs is not waited for for ever', async t => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'enabled'), '');
  const settingUp = followCloudInit({folder, limitMs: 200});
  t.equal(await settingUp(), true);
  await eventually('the limit to be over', async () => !(await settingUp()));
});
