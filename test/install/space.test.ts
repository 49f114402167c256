import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import t from 'tap';
import {reasonText} from '../../agent/core/reason.ts';
import {bytesOnDisk, requireSpace} from '../../agent/install/space.ts';
import {unmet} from '../support/needs.ts';
import {reasonFrom} from '../support/reason-from.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {host, kindOf, never, origin} from './git/support.ts';

const smallDisk = async (t: Parameters<typeof temporaryFolder>[0], options: string): Promise<string> => {
  const folder = await temporaryFolder(t);
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  t.teardown(async () => void execFileSync('umount', ['--lazy', folder]));
  return folder;
};

t.test('what is needed is compared with what is left', {skip: unmet('root')}, async t => {
  const path = await smallDisk(t, 'size=128m,nr_inodes=3000');
  await requireSpace({path, bytes: 1_000_000, inodes: 10});
  const space = await reasonFrom(requireSpace({path, bytes: 70 * 1024 * 1024, inodes: 10}));
  t.equal(reasonText(space), `the disk of ${path} has 128.0 MiB free and 134.0 MiB are needed`);
  t.match(space, {kind: 'disk.space', details: {path, needed: 134 * 1024 * 1024}});
  t.equal(await kindOf(requireSpace({path, bytes: 0, inodes: 2_500})), 'disk.inodes');
});

t.test('files take whole blocks', async t => {
  t.equal(bytesOnDisk([0, 1, 4096, 4097]), 4 * 4096);
});

t.test(
  'a release that does not fit is refused before anything of it is written',
  {skip: unmet('root')},
  async t => {
    const app = await origin(t);
    const small = app.commit({a: 'a'});
    const big = app.commit({zeros: Buffer.alloc(80 * 1024 * 1024)});
    const {installer, slot} = await host(t, app, await smallDisk(t, 'size=128m'));
    t.equal(await kindOf(installer.stage(slot('one', big), never)), 'disk.space');
    t.equal(await kindOf(installer.stage(slot('two', small), never)), 'no error', 'one that fits is staged');
  },
);

t.test(
  'a disk that fills up in the middle is not taken for a damaged mirror',
  {skip: unmet('root')},
  async t => {
    const app = await origin(t);
    const revision = app.commit({random: randomBytes(80 * 1024 * 1024)});
    const state = await smallDisk(t, 'size=100m');
    writeFileSync(join(state, 'filler'), Buffer.alloc(30 * 1024 * 1024));
    const {installer, slot, said} = await host(t, app, state);
    t.equal(await kindOf(installer.stage(slot('one', revision), never)), 'disk.full');
    t.same(said(), []);
  },
);
