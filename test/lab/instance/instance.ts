import {readFileSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {eventually} from '../../support/eventually.ts';
import {
  childrenOf,
  endProcess,
  gone,
  isRunning,
  type ProcessId,
  type RunningProcess,
  signalProcess,
  startProcess,
  startTimeOf,
} from '../process.ts';
import type {Resources} from '../resources.ts';
import {must, type RunResult, run} from '../run.ts';

/** An instance's machine: a container with a systemd of its own as PID 1. */
export type Machine = {
  /** The overlay's merged root; write to it only while the machine is off. */
  readonly root: string;
  readonly console: string;
  /** PID 1 as the host sees it, undefined while the machine is off. */
  readonly pid: () => number | undefined;
  /** Starts the machine; resolves when its systemd answers, which is before its units are all up. */
  readonly boot: () => Promise<void>;
  /** The power cut: SIGKILL for everything inside. */
  readonly kill: () => Promise<void>;
  /** An orderly shutdown, a power cut when that takes over a minute. */
  readonly stop: () => Promise<void>;
  /** Runs argv inside. */
  readonly exec: (
    argv: readonly string[],
    options?: {timeoutMs?: number; input?: string},
  ) => Promise<RunResult>;
  /** What the journal holds, of one unit or of all; also while the machine is off. */
  readonly journal: (unit?: string) => Promise<string>;
  readonly remove: () => Promise<void>;
};

type MachineOptions = {
  name: string;
  dir: string;
  layers: readonly string[];
  namespace: string;
  resources: Resources;
  /** called as soon as PID 1 lives, to name attached volumes again */
  onPowerOn: () => Promise<void>;
};

/** Makes a machine's root (an overlay over the layers) without starting it. */
export const createMachine = async (options: MachineOptions): Promise<Machine> => {
  const {name, dir, resources} = options;
  const root = await mountOverlay(options);
  const console = join(resources.dir, `console-${name}.log`);
  let nspawn: RunningProcess | undefined;
  let init: ProcessId | undefined;
  const isOn = () => nspawn !== undefined && isRunning(nspawn);
  const pid = () => (init && isRunning(init) ? init.pid : undefined);
  const boot = async () => {
    if (isOn()) throw new Error(`${name} is on already`);
    nspawn = startProcess({argv: nspawnCommand(options, root), log: console});
    resources.add({kind: 'process', what: name, pid: nspawn.pid, startTime: nspawn.startTime});
    init = await eventually(`PID 1 of ${name} (its console: ${console})`, () => findInit(nspawn), {
      everyMs: 5,
    });
    resources.add({kind: 'process', what: `PID 1 of ${name}`, ...init});
    await options.onPowerOn();
    await eventually(
      `systemd of ${name}`,
      async () => /running|starting|degraded/.test((await exec(['systemctl', 'is-system-running'])).stdout),
      {timeoutMs: 60_000, everyMs: 50},
    );
  };
  const kill = async () => {
    for (const each of [init, nspawn]) if (each && signalProcess(each, 'SIGKILL')) await gone(each, 10_000);
    forget();
  };
  const stop = async () => {
    if (nspawn) await endProcess(nspawn, 60_000); // SIGTERM makes nspawn ask for a halt
    await kill();
  };
  const forget = () =>
    resources.drop(each => each.kind === 'process' && (each.pid === nspawn?.pid || each.pid === init?.pid));
  const exec: Machine['exec'] = async (argv, more = {}) => {
    const target = pid();
    if (target === undefined) return {code: 127, stdout: '', stderr: `${name} is off`};
    const enter = ['nsenter', '-t', String(target), '-m', '-u', '-i', '-n', '-p', '-r', '-w', '--'];
    return run([...enter, ...CLEAN_ENVIRONMENT, ...argv], more);
  };
  const journal = async (unit?: string) => {
    const what = ['--no-pager', '-o', 'short-iso-precise', ...(unit ? ['-u', unit] : [])];
    if (pid() !== undefined) return (await exec(['journalctl', ...what])).stdout;
    return (await run(['journalctl', `--directory=${join(root, 'var/log/journal')}`, ...what])).stdout;
  };
  const remove = async () => {
    await kill();
    await must(['umount', root]);
    resources.drop(each => each.kind === 'mount' && each.path === root);
    await must(['rm', '-rf', join(dir, name)]);
  };
  return {root, console, pid, boot, kill, stop, exec, journal, remove};
};

/** What runs inside must see nothing of the test's environment. */
const CLEAN_ENVIRONMENT = [
  ...['/usr/bin/env', '-i', 'HOME=/root', 'LANG=C.UTF-8'],
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
];

const mountOverlay = async ({name, dir, layers, resources}: MachineOptions): Promise<string> => {
  const [upper, work, root] = [join(dir, name, 'upper'), join(dir, name, 'work'), join(dir, name, 'root')];
  for (const folder of [upper, work, root]) await mkdir(folder, {recursive: true});
  const how = `lowerdir=${layers.join(':')},upperdir=${upper},workdir=${work}`;
  await must(['mount', '-t', 'overlay', 'overlay', '-o', how, root]);
  resources.add({kind: 'mount', path: root});
  return root;
};

/**
 * Without a cgroup of their own, machines would share units' cgroups of the same name: the first to remove one breaks the
 * others (`status=219/CGROUP`). Empty cgroups that stay behind cost nothing and are used again.
 */
const IN_OWN_CGROUP = `for top in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  [ -e "$top/cgroup.procs" ] || continue
  mkdir -p "$top/release-agent-lab/$0" && echo $$ >"$top/release-agent-lab/$0/cgroup.procs"
done
exec "$@"`;

const nspawnCommand = ({name, namespace}: MachineOptions, root: string): string[] => [
  ...['sh', '-c', IN_OWN_CGROUP, name],
  'systemd-nspawn',
  '--quiet',
  `--directory=${root}`,
  '--boot',
  '--register=no',
  '--keep-unit',
  `--machine=${name}`,
  `--network-namespace-path=/run/netns/${namespace}`,
  '--resolv-conf=off',
  '--timezone=off',
  '--link-journal=no',
  '--console=interactive', // with `pipe` nothing is printed
];

/** The child of nspawn that has become systemd. Killing nspawn alone leaves it running; killing it takes all inside with it. */
const findInit = (nspawn: ProcessId | undefined): ProcessId | undefined => {
  const pid = childrenOf(nspawn?.pid ?? 0).find(each => commandOf(each) === 'systemd');
  return pid === undefined ? undefined : {pid, startTime: startTimeOf(pid) ?? ''};
};

const commandOf = (pid: number): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
};
