import {mkdir, stat, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t, {type Test} from 'tap';
import {findDevice, nameExists} from '../../../agent/host/mount/devices.ts';
import {must} from '../../lab/run.ts';
import {unmet} from '../../support/needs.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const skip = unmet('root');

/** Folders like /sys and /dev, with real block device nodes that no driver answers. */
const machine = async (t: Test) => {
  const dir = await temporaryFolder(t);
  const roots = {sys: join(dir, 'sys'), dev: join(dir, 'dev')};
  await mkdir(join(roots.sys, 'block'), {recursive: true});
  await mkdir(roots.dev);
  const node = (name: string, major: number, minor: number) =>
    must(['mknod', join(roots.dev, name), 'b', String(major), String(minor)]);
  const disk = async (name: string, serial: string) => {
    await mkdir(join(roots.sys, 'block', name, 'device'), {recursive: true});
    await writeFile(join(roots.sys, 'block', name, 'device', 'serial'), `${serial.padEnd(20)}\n`);
  };
  return {roots, node, disk};
};

t.test('an NVMe disk is found by its serial, whatever its number is', {skip}, async t => {
  const {roots, node, disk} = await machine(t);
  await disk('nvme0n1', 'vol0aaaaaaaaaaaaaaaa');
  await disk('nvme3n1', 'vol0bbbbbbbbbbbbbbbb');
  await node('nvme0n1', 259, 0);
  await node('nvme3n1', 259, 700);
  t.same(await findDevice({volume: 'vol-0bbbbbbbbbbbbbbbb', name: '/dev/xvdba'}, roots), {
    path: join(roots.dev, 'nvme3n1'),
    number: '259:700',
  });
  t.equal(await findDevice({volume: 'vol-0cccccccccccccccc', name: null}, roots), null);
});

t.test('a disk whose node is not there yet is not found yet', {skip}, async t => {
  const {roots, node, disk} = await machine(t);
  await disk('nvme1n1', 'vol0aaaaaaaaaaaaaaaa');
  t.equal(await findDevice({volume: 'vol-0aaaaaaaaaaaaaaaa', name: null}, roots), null);
  await node('nvme1n1', 259, 1);
  t.equal((await findDevice({volume: 'vol-0aaaaaaaaaaaaaaaa', name: null}, roots))?.number, '259:1');
});

t.test('without NVMe the device of the name is taken', {skip}, async t => {
  const {roots, node} = await machine(t);
  await node('xvdba', 202, 13_312);
  const found = await findDevice({volume: 'vol-0aaaaaaaaaaaaaaaa', name: '/dev/xvdba'}, roots);
  t.same(found, {path: join(roots.dev, 'xvdba'), number: '202:13312'});
  t.equal(await nameExists('/dev/xvdba', roots), true);
  t.equal(await nameExists('/dev/xvdbb', roots), false);
});

t.test(
  'a stale link of the name to another volume is not taken for ours, nor is a plain file',
  {skip},
  async t => {
    const {roots, node, disk} = await machine(t);
    await disk('nvme1n1', 'vol0aaaaaaaaaaaaaaaa');
    await node('nvme1n1', 259, 1);
    await symlink('nvme1n1', join(roots.dev, 'xvdba'));
    t.equal(await findDevice({volume: 'vol-0bbbbbbbbbbbbbbbb', name: '/dev/xvdba'}, roots), null);
    t.equal(
      (await findDevice({volume: 'vol-0aaaaaaaaaaaaaaaa', name: '/dev/xvdba'}, roots))?.number,
      '259:1',
    );
    await writeFile(join(roots.dev, 'xvdbb'), '');
    t.equal(await findDevice({volume: 'vol-0bbbbbbbbbbbbbbbb', name: '/dev/xvdbb'}, roots), null);
    t.ok((await stat(join(roots.dev, 'xvdbb'))).isFile());
  },
);
