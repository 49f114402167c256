import {setTimeout as sleep} from 'node:timers/promises';
import type {Instance} from '../../test/lab/instance/host.ts';
import type {Region} from '../../test/lab/region.ts';

/** What a fleet has and uses: kB, bytes and counts, summed over its instances, and of each instance the largest memory. */
export type Measures = {readonly [name in (typeof NAMES)[number] | 'volumes']: number};

const NAMES = [
  ...['rss_kb', 'anon_kb', 'fds', 'mounts', 'mounts_seen', 'slots', 'disk_kb', 'journal_bytes'],
  ...['history_bytes', 'temporary_files', 'run_files', 'units', 'unit_files', 'processes', 'restarts'],
] as const;

/** One line for each name, in their order. */
const LOOK = `
pid=$(systemctl show --property=MainPID --value release-agentd)
state=/var/lib/release-agent
grep -h ^Rss: /proc/$pid/smaps_rollup | tr -dc 0-9; echo
grep -h ^Anonymous: /proc/$pid/smaps_rollup | tr -dc 0-9; echo
ls /proc/$pid/fd | wc -l
grep -c . /proc/1/mountinfo
grep -c . /proc/$pid/mountinfo
ls $state/slots | wc -l
du -sxk --exclude='history*.jsonl' $state | cut -f1
cat $state/journal*.json | wc -c
cat $state/history*.jsonl | wc -c
find $state -path $state/slots -prune -o \\( -name '*.new*' -o -path '*/git/staging/*' -o -path '*/git/trash/*' \\) -print | wc -l
find /run/release-agent -type f | wc -l
systemctl list-units --all --plain --no-legend | grep -v '[.]device' | wc -l
find /run/systemd/system /run/systemd/transient -type f 2>/dev/null | wc -l
ls -d /proc/[0-9]* | wc -l
systemctl show --property=NRestarts --value release-agentd
`;

const QUIET_MS = 3_000;
const SAMPLES = 15;

/** Waits until every agent is at rest, at most `settleMs`, then looks several times a second apart: the medians. */
export const measureAtRest = async (region: Region, settleMs: number): Promise<Measures> => {
  await Promise.all(region.instances.map(each => untilAtRest(each, settleMs)));
  const looks: Measures[] = [];
  for (let n = 0; n < SAMPLES; n += 1) {
    looks.push(await measure(region));
    await sleep(1_000);
  }
  const names = Object.keys(looks[0] ?? {}) as (keyof Measures)[];
  return Object.fromEntries(names.map(name => [name, middle(looks.map(look => look[name]))])) as Measures;
};

/** One look, while whatever happens happens. */
export const measure = async (region: Region): Promise<Measures> => {
  const looks = await Promise.all(region.instances.map(look));
  const sums = NAMES.map((name, index) => {
    const values = looks.map(each => each[index] ?? Number.NaN);
    const isMemory = name === 'rss_kb' || name === 'anon_kb';
    return [name, isMemory ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0)] as const;
  });
  return {...(Object.fromEntries(sums) as Omit<Measures, 'volumes'>), volumes: region.ec2.volumes().length};
};

/** The files behind what is counted, to see what has grown. */
export const inventory = async (region: Region): Promise<string> => {
  const folders = [
    '/run/systemd/system',
    '/run/systemd/transient',
    '/run/release-agent',
    '/var/lib/release-agent',
  ];
  const find = ['find', ...folders, '-xdev', '-path', '*/git/*/*/*', '-prune', '-o', '-type', 'f', '-print'];
  const lists = region.instances.map(async ({id, exec}) => `${id}:\n${(await exec(find)).stdout}`);
  return (await Promise.all(lists)).join('\n');
};

const look = async ({exec, id}: Instance): Promise<readonly number[]> => {
  const {stdout, stderr} = await exec(['sh', '-c', LOOK], {timeoutMs: 20_000});
  const values = stdout.trim().split('\n').map(Number);
  if (values.length === NAMES.length && values.every(Number.isFinite)) return values;
  throw new Error(`${id} cannot be measured: ${stdout} ${stderr}`);
};

/** The worker that asks EC2 has ended, and nothing else was started for a while. */
const untilAtRest = async (instance: Instance, settleMs: number): Promise<void> => {
  const pid = await instance.pidOfAgent();
  const began = Date.now();
  for (let quietSince = began; Date.now() - quietSince < QUIET_MS && Date.now() - began < settleMs; ) {
    const {stdout} = await instance.exec(['cat', `/proc/${pid}/task/${pid}/children`]);
    if (stdout.trim() !== '') quietSince = Date.now();
    await sleep(200);
  }
};

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
