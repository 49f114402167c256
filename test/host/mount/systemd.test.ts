import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {reason} from '../../../agent/core/reason.ts';
import {ReasonError, reasonOf} from '../../../agent/core/reason-error.ts';
import {mountVolume, systemdMounts, unmountVolume} from '../../../agent/host/mount/mount.ts';
import {mountUnit, mountUnitName} from '../../../agent/host/mount/systemd.ts';
import {findProgram} from '../../lab/prepare.ts';
import {must, run} from '../../lab/run.ts';
import {temporaryFolder} from '../../support/temporary.ts';

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

const NOT_LOADED = reason('child.failed', {command: 'systemctl', cause: 'Unit slots-one.mount not loaded.'});

t.test('a mount that fails leaves no unit behind, and its reason is what mount said', async t => {
  const units = await temporaryFolder(t);
  const calls: string[] = [];
  const mounts = systemdMounts({
    units,
    execute: async (_program, args) => {
      calls.push(args.slice(1).join(' '));
      if (args.includes('start'))
        throw new ReasonError(reason('child.failed', {command: 'systemctl', cause: 'Job failed.'}));
    },
    lastLine: async ({unit}) => `mount: /slots/one: wrong fs type on ${unit}`,
  });
  const request = {device: '/dev/xvdba', directory: '/slots/one', filesystem: 'ext4', options: ['ro']};
  const why = await mountVolume(mounts, {...request, timeoutMs: 1_000}, new AbortController().signal).catch(
    reasonOf,
  );
  t.match(why, {
    kind: 'mount.failed',
    details: {filesystem: 'ext4', cause: 'mount: wrong fs type on slots-one.mount'},
  });
  t.equal(await must(['ls', '-A', units]), '');
  t.same(calls, [
    'daemon-reload',
    'start -- slots-one.mount',
    'daemon-reload',
    'reset-failed -- slots-one.mount',
  ]);
});

t.test('an unmount that fails keeps the unit, and its reason is what umount said', async t => {
  const units = await temporaryFolder(t);
  const mounts = systemdMounts({
    units,
    execute: async (_program, args) => {
      if (args.includes('stop'))
        throw new ReasonError(reason('child.failed', {command: 'systemctl', cause: 'Job failed.'}));
    },
    lastLine: async () => 'umount: /slots/one: target is busy.',
  });
  await writeFile(join(units, 'slots-one.mount'), '');
  const request = {directory: '/slots/one', timeoutMs: 1_000};
  const why = await mounts.unmount(request, new AbortController().signal).catch(reasonOf);
  t.match(why, {kind: 'child.failed', details: {command: 'umount', cause: 'target is busy.'}});
  t.equal((await must(['ls', '-A', units])).trim(), 'slots-one.mount');
});

t.test('the unit of a mount that somebody else ended goes when it is unmounted', async t => {
  const units = await temporaryFolder(t);
  const calls: string[] = [];
  const execute = async (_program: string, args: readonly string[]) =>
    void calls.push(args.slice(1).join(' '));
  const mounts = systemdMounts({units, execute});
  const request = {directory: '/slots/one', timeoutMs: 1_000};
  await writeFile(join(units, 'slots-one.mount'), '');
  for (const _ of ['once', 'nothing to do'])
    await unmountVolume(mounts, request, new AbortController().signal);
  t.equal(await must(['ls', '-A', units]), '');
  t.same(calls, ['daemon-reload', 'reset-failed -- slots-one.mount']);
});

for (const during of ['daemon-reload', 'start']) {
  t.test(
    `a mount whose stage is given up during ${during} is stopped, and leaves no unit behind`,
    async t => {
      const units = await temporaryFolder(t);
      const calls: string[] = [];
      const given = new AbortController();
      const mounts = systemdMounts({
        units,
        execute: async (_program, args, _timeoutMs, signal) => {
          signal.throwIfAborted();
          calls.push(args.slice(1).join(' '));
          if (args.includes('stop') && during !== 'start') throw new ReasonError(NOT_LOADED);
          if (!args.includes(during) || given.signal.aborted) return;
          given.abort();
          signal.throwIfAborted();
        },
        lastLine: async () => 'not asked',
      });
      const request = {device: '/dev/xvdba', directory: '/slots/one', filesystem: 'ext4', options: ['ro']};
      await t.rejects(mountVolume(mounts, {...request, timeoutMs: 1_000}, given.signal), {
        name: 'AbortError',
      });
      t.equal(await must(['ls', '-A', units]), '');
      t.match(calls.slice(-3), [
        'stop -- slots-one.mount',
        'daemon-reload',
        'reset-failed -- slots-one.mount',
      ]);
    },
  );
}

t.test('a mount that hangs keeps its unit: it may come yet', async t => {
  const units = await temporaryFolder(t);
  const mounts = systemdMounts({
    units,
    execute: async (_program, args) => {
      if (args.includes('start'))
        throw new ReasonError(reason('child.timeout', {command: 'systemctl', seconds: 1}));
    },
    lastLine: async () => 'not asked',
  });
  const request = {device: '/dev/xvdba', directory: '/slots/one', filesystem: 'ext4', options: ['ro']};
  const why = await mountVolume(mounts, {...request, timeoutMs: 1_000}, new AbortController().signal).catch(
    reasonOf,
  );
  t.match(why, {details: {cause: /systemctl was stopped after 1 s/}});
  t.equal((await must(['ls', '-A', units])).trim(), 'slots-one.mount');
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
    `${prefix} reset-failed -- slots-one.mount`,
  ]);
});
