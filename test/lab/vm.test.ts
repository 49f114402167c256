import {join} from 'node:path';
import t from 'tap';
import {eventually} from '../support/eventually.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {endProcess, startProcess} from './process.ts';
import {must} from './run.ts';
import {startVm, type Vm} from './vm.ts';
import {buildVmImage} from './vm-image.ts';
import {acceleration, whyNoVm} from './vm-prepare.ts';

const TIMEOUT_MS = 480_000; // the first run builds the image
t.setTimeout(TIMEOUT_MS);

const VOLUME = 'vol-0abc0123456789def';
const MOUNT_UNIT = `[Mount]
What=/dev/DISK
Where=/srv/data
Type=ext4
`;

t.test(
  'the virtual machine is an EC2 instance to the letter',
  {skip: whyNoVm(), timeout: TIMEOUT_MS, bail: true},
  async t => {
    const dir = await temporaryFolder(t);
    const namespace = `vm-${process.pid}`;
    const image = await buildVmImage();
    const started = performance.now();
    const vm = await startVm({name: 'i-0lab', image, dir, network: {namespace, address: '10.99.0.10'}});
    t.teardown(() => vm.down());
    t.comment(`booted in ${since(started)} with ${acceleration()}`);

    await t.test('it reaches 169.254.169.254, one hop away', async t => {
      const code = `require('node:http').createServer((_, r) => r.end('i-0lab')).listen(80, '169.254.169.254')`;
      const argv = ['ip', 'netns', 'exec', namespace, process.execPath, '-e', code];
      const imds = startProcess({argv, log: join(dir, 'imds.log')});
      t.teardown(() => endProcess(imds));
      const get = ['curl', '--silent', '--fail', '--max-time', '5', 'http://169.254.169.254/'];
      await eventually('an answer', async () => t.equal(await vm.must(get), 'i-0lab'), {timeoutMs: 60_000});
    });

    await t.test('an attached volume is an NVMe drive with the volume id as its serial', async t => {
      const file = join(dir, 'volume.img');
      await must(['truncate', '-s', '64M', file]);
      await must(['mkfs.ext4', '-q', file]);
      const attaching = performance.now();
      await vm.attach(VOLUME, file);
      const disk = await eventually('the drive', () => diskOf(vm, 'vol0abc0123456789def'), {
        timeoutMs: 30_000,
      });
      const seen = since(attaching);
      await vm.must(['tee', '/run/systemd/system/srv-data.mount'], {input: MOUNT_UNIT.replace('DISK', disk)});
      await vm.must(['systemctl', 'daemon-reload']);
      await vm.must(['systemctl', 'start', 'srv-data.mount']);
      t.equal((await vm.must(['stat', '-f', '-c', '%T', '/srv/data'])).trim(), 'ext2/ext3');
      t.comment(`attached and seen in ${seen}, mounted by PID 1 in ${since(attaching)}`);
    });

    await t.test('a mounted volume cannot be detached', async t => {
      await t.rejects(vm.detach(VOLUME, {timeoutMs: 500}), {message: /unmounted \(busy\)/});
    });

    await t.test('a power cut loses what was not fsynced, and volumes stay attached', async t => {
      await vm.must(['sh', '-c', 'echo kept > /var/lib/kept && echo kept > /srv/data/kept && sync']);
      await vm.must(['sh', '-c', 'echo lost > /var/lib/lost && echo lost > /srv/data/lost']);
      await vm.powerCut();
      const booting = performance.now();
      await vm.boot();
      t.comment(`booted again in ${since(booting)}`);
      const disk = await eventually('the drive', () => diskOf(vm, 'vol0abc0123456789def'), {
        timeoutMs: 30_000,
      });
      await vm.must(['mount', '--mkdir', `/dev/${disk}`, '/srv/data']);
      for (const folder of ['/var/lib', '/srv/data']) {
        t.match(await vm.exec(['cat', `${folder}/kept`]), {stdout: 'kept\n'}, folder);
        t.equal((await vm.exec(['cat', `${folder}/lost`])).stdout, '');
      }
    });

    await t.test('an unmounted volume is detached and its drive is gone', async t => {
      await vm.must(['umount', '/srv/data']);
      const detaching = performance.now();
      await vm.detach(VOLUME);
      t.comment(`detached in ${since(detaching)}`);
      t.equal(await diskOf(vm, 'vol0abc0123456789def'), undefined);
      t.match(await vm.console(), 'Debian GNU/Linux 12');
    });
  },
);

const diskOf = async (vm: Vm, serial: string): Promise<string | undefined> => {
  const {stdout} = await vm.exec(['sh', '-c', `grep -l ${serial} /sys/class/nvme/*/serial`]);
  const name = /nvme\d+/.exec(stdout)?.[0];
  return name === undefined ? undefined : `${name}n1`;
};

const since = (start: number): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;
