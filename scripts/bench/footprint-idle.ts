import {setTimeout as sleep} from 'node:timers/promises';
import type {Instance} from '../../test/lab/instance/host.ts';
import {eventually} from '../../test/support/eventually.ts';

export type Idle = {
  /** kB, the medians of one look every five seconds */
  readonly rss: number;
  readonly anonymous: number;
  /** of one core, the process and the children it waited for */
  readonly cpuPercent: number;
  /** the children's part of it */
  readonly childrenPercent: number;
};

const NODE = '/usr/lib/release-agent/node';
const EVERY_MS = 5_000;
/** The EC2 worker ends by itself within this time. */
const REST_MS = 60_000;

/** Starts the process to compare with, from the same binary; gives its pid inside the instance. */
export const startBare = async (instance: Instance): Promise<number> => {
  const server = 'http.createServer().listen(0)';
  await inside(instance, ['systemd-run', '--quiet', '--unit=bare', NODE, '-e', server]);
  return Number(
    await inside(instance, ['systemctl', 'show', '--property=MainPID', '--value', 'bare.service']),
  );
};

/** Waits until the agent has had no child for two seconds. */
export const untilAtRest = async (instance: Instance, pid: number): Promise<void> => {
  let quietSince = Date.now();
  await eventually(
    'the agent to be at rest',
    async () => {
      const {stdout} = await instance.exec(['cat', `/proc/${pid}/task/${pid}/children`]);
      if (stdout.trim() !== '') quietSince = Date.now();
      return Date.now() - quietSince > 2_000;
    },
    {timeoutMs: REST_MS, everyMs: 100},
  );
};

/** Looks at a process for some time. */
export const watchIdle = async (instance: Instance, pid: number, seconds: number): Promise<Idle> => {
  const rss: number[] = [];
  const anonymous: number[] = [];
  const before = await cpuOf(instance, pid);
  for (const end = before.at + seconds * 1_000; Date.now() < end; ) {
    await sleep(Math.min(EVERY_MS, end - Date.now()));
    const rollup = await inside(instance, ['cat', `/proc/${pid}/smaps_rollup`]);
    rss.push(field(rollup, 'Rss'));
    anonymous.push(field(rollup, 'Anonymous'));
  }
  const after = await cpuOf(instance, pid);
  const percent = (ms: number) => Math.round((10_000 * ms) / (after.at - before.at)) / 100;
  const childrenMs = after.childrenMs - before.childrenMs;
  return {
    rss: median(rss),
    anonymous: median(anonymous),
    cpuPercent: percent(after.ownMs - before.ownMs + childrenMs),
    childrenPercent: percent(childrenMs),
  };
};

/** The middle one; of an even number the upper one of the two. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** CPU time so far: of the threads to the nanosecond (schedstat), of children that ended in clock ticks (proc(5), fields 16, 17). */
const cpuOf = async (instance: Instance, pid: number) => {
  const at = Date.now();
  const text = await inside(instance, [
    ...['sh', '-c', `cat /proc/${pid}/stat; cat /proc/${pid}/task/*/schedstat`],
  ]);
  const [stat = '', ...threads] = text.trim().split('\n');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[13]) + Number(fields[14]);
  const ns = threads.reduce((sum, line) => sum + Number(line.split(' ')[0]), 0);
  return {at, ownMs: ns / 1e6, childrenMs: ticks * 10};
};

const field = (rollup: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? Number.NaN);

const inside = async (instance: Instance, argv: readonly string[]): Promise<string> => {
  const {code, stdout, stderr} = await instance.exec(argv);
  if (code !== 0) throw new Error(`${argv.join(' ')}: ${code}: ${stderr}`);
  return stdout;
};
