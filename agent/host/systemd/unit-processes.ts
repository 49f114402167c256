import {readdir, readFile} from 'node:fs/promises';
import {run} from '../process/process.ts';

const TIMEOUT_MS = 10_000;

/** The processes in the control groups of these units and below. Throws `child.failed`, `child.timeout`. */
export const unitProcesses = async (
  units: readonly string[],
  signal: AbortSignal,
): Promise<readonly number[]> => {
  if (units.length === 0) return [];
  const args = ['show', '--property=ControlGroup', '--value', '--', ...units];
  const {stdout} = await run('systemctl', args, {timeoutMs: TIMEOUT_MS}, signal);
  const groups = stdout.split('\n').filter(group => group.startsWith('/') && group !== '/');
  if (groups.length === 0) return [];
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const within = await Promise.all(pids.map(async pid => isWithin(await cgroupsOf(pid), groups)));
  return pids.filter((_, index) => within[index]).map(Number);
};

/** The lines of /proc/<pid>/cgroup (cgroups(7)); empty for a process that is gone. Anybody may read it. */
const cgroupsOf = (pid: string): Promise<string> => readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');

// `0::/system.slice/web.service/payload`, and `1:name=systemd:/…` before cgroup v2
const isWithin = (text: string, groups: readonly string[]): boolean =>
  text.split('\n').some(line => {
    const path = line.split(':').slice(2).join(':');
    return groups.some(group => path === group || path.startsWith(`${group}/`));
  });
