import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {systemdMounts} from '../../agent/host/mount.ts';
import {mountUnit, mountUnitName} from '../../agent/host/mount-systemd.ts';
import {findProgram} from '../lab/prepare.ts';
import {must, run} from '../lab/run.ts';
import {temporaryFolder} from '../support/temporary.ts';

const has = (program: string) => (findProgram(program) === undefined ? `needs ${program}` : false);

const PATHS = [
  '/var/lib/release-agent/slots/g12-snap-0123',
  '/srv/with space/ümlaut',
  '/srv/.hidden/a.b',
  '/.hidden',
  '//srv///double/',
  '/srv/100%/x_y:z',
  '/',
];

t.test('a mount unit has the name systemd demands for its path', {skip: has('systemd-escape')}, async t => {
  for (const path of PATHS)
    t.equal(
      mountUnitName(path),
      (await must(['systemd-escape', '--path', '--suffix=mount', path])).trim(),
      path,
    );
});

t.test('systemd finds nothing wrong with the unit', {skip: has('systemd-analyze')}, async t => {
  const dir = await temporaryFolder(t);
  const directory = '/srv/100%/slot';
  const unit = mountUnit({
    device: '/dev/nvme1n1',
    directory,
    filesystem: 'xfs',
    options: ['ro', 'nouuid'],
    timeoutMs: 1_500,
  });
  const file = join(dir, mountUnitName(directory));
  await writeFile(file, unit);
  const {code, stderr} = await run(['systemd-analyze', 'verify', '--man=no', file]);
  t.same([code, stderr], [0, '']);
  t.match(unit, /^TimeoutSec=2$/m);
});

t.test('the unit is there before systemd is told, and gone after the unmount', async t => {
  const units = await temporaryFolder(t);
  const calls: string[] = [];
  const mounts = systemdMounts({
    units,
    execute: async (program, args) => void calls.push(`${program} ${args.join(' ')}`),
  });
  const signal = new AbortController().signal;
  const request = {directory: '/slots/one', timeoutMs: 1_000};
  await mounts.mount({...request, device: '/dev/xvdba', filesystem: 'ext4', options: ['ro']}, signal);
  t.match(await must(['cat', join(units, 'slots-one.mount')]), /^What=\/dev\/xvdba$/m);
  await mounts.unmount(request, signal);
  t.equal(await must(['ls', '-A', units]), '');
  const prefix = 'systemctl --no-ask-password';
  t.same(calls, [
    `${prefix} daemon-reload`,
    `${prefix} start -- slots-one.mount`,
    `${prefix} stop -- slots-one.mount`,
    `${prefix} daemon-reload`,
  ]);
});
