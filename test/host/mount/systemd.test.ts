import t from 'tap';
import {reason} from '../../../agent/core/reason.ts';
import {ReasonError, reasonOf} from '../../../agent/core/reason-error.ts';
import {mountVolume, systemdMounts} from '../../../agent/host/mount/mount.ts';
import {mountUnitName} from '../../../agent/host/mount/systemd.ts';
import {findProgram} from '../../lab/image/prepare.ts';
import {must} from '../../lab/run.ts';

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

const signal = new AbortController().signal;
const REQUEST = {
  device: '/dev/xvdba',
  directory: '/slots/one',
  filesystem: 'ext4',
  options: ['ro', 'nodev'],
  timeoutMs: 1_000,
};

const failed = (command: string, cause: string) => new ReasonError(reason('child.failed', {command, cause}));

/** Notes what is run, `busctl` without what it says; `answer` may throw for it. */
const record = (answer: (call: string) => void = () => undefined) => {
  const calls: string[] = [];
  const execute = async (
    program: string,
    args: readonly string[],
    _timeoutMs: number,
    until: AbortSignal,
  ) => {
    until.throwIfAborted();
    const call = program === 'busctl' ? 'create' : args.slice(1).join(' ');
    calls.push(call);
    answer(call);
    until.throwIfAborted();
  };
  return {calls, execute};
};

t.test('a mount is a unit that PID 1 is told of, texts as they are', async t => {
  let told: readonly string[] = [];
  const mounts = systemdMounts({
    execute: async (program, args) => {
      if (program === 'busctl') told = args;
    },
  });
  const directory = '/slots/100% "a"';
  await mounts.mount({...REQUEST, directory, timeoutMs: 1_500}, signal);
  const after = told.slice(told.indexOf('StartTransientUnit') + 1);
  t.same(after.slice(0, 3), ['ssa(sv)a(sa(sv))', mountUnitName(directory), 'replace']);
  const text = after.join(' ');
  t.match(text, 'What s /dev/xvdba Type s ext4 Options s ro,nodev TimeoutUSec t 1500000 0');
  t.match(text, `Description s Release slot ${directory} `);
  t.match(text, /Before as 2 umount\.target release-agent-slots\.target /);
});

t.test('the reason of a mount that fails is what mount said', async t => {
  const {calls, execute} = record(call => {
    if (call.startsWith('start')) throw failed('systemctl', 'Job failed.');
  });
  const lastLine = async ({unit}: {unit: string}) => `mount: /slots/one: wrong fs type on ${unit}`;
  const why = await mountVolume(systemdMounts({execute, lastLine}), REQUEST, signal).catch(reasonOf);
  t.match(why, {
    kind: 'mount.failed',
    details: {filesystem: 'ext4', cause: 'mount: wrong fs type on slots-one.mount'},
  });
  t.same(calls, ['create', 'start -- slots-one.mount']);
});

t.test('the reason of an unmount that fails is what umount said', async t => {
  const {execute} = record(() => {
    throw failed('systemctl', 'Job failed.');
  });
  const mounts = systemdMounts({execute, lastLine: async () => 'umount: /slots/one: target is busy.'});
  t.match(await mounts.unmount(REQUEST, signal).catch(reasonOf), {
    kind: 'child.failed',
    details: {command: 'umount', cause: 'target is busy.'},
  });
});

t.test('what an agent before this one was mounting there is stopped first', async t => {
  let there = true;
  const {calls, execute} = record(call => {
    if (call.startsWith('stop')) there = false;
    if (call === 'create' && there) throw failed('busctl', 'Unit slots-one.mount was already loaded');
  });
  await systemdMounts({execute}).mount(REQUEST, signal);
  t.same(calls, ['create', 'stop -- slots-one.mount', 'create', 'start -- slots-one.mount']);
});

for (const during of ['create', 'start']) {
  t.test(`a mount whose stage is given up during ${during} is stopped`, async t => {
    const given = new AbortController();
    const {calls, execute} = record(call => {
      if (call.startsWith(during)) given.abort();
      if (call.startsWith('stop') && during === 'create') throw failed('systemctl', 'Unit not loaded.');
    });
    await t.rejects(mountVolume(systemdMounts({execute}), REQUEST, given.signal), {name: 'AbortError'});
    t.equal(calls.at(-1), 'stop -- slots-one.mount');
  });
}

t.test('a mount that hangs keeps its unit: it may come yet', async t => {
  const {calls, execute} = record(call => {
    if (call.startsWith('start'))
      throw new ReasonError(reason('child.timeout', {command: 'systemctl', seconds: 1}));
  });
  t.match(await mountVolume(systemdMounts({execute}), REQUEST, signal).catch(reasonOf), {
    details: {cause: /systemctl was stopped after 1 s/},
  });
  t.same(calls, ['create', 'start -- slots-one.mount']);
});
