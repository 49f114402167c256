import {readdir, readFile} from 'node:fs/promises';

/** One process as /proc/<pid>/stat gives it (proc(5)). */
export interface ProcStat {
  readonly state: string;
  readonly group: number;
  /** clock ticks since boot: with the pid it names one process for as long as the machine runs */
  readonly startTime: string;
}

/** Reads a process; null when there is none. A zombie is none. */
export const readProc = async (pid: number): Promise<ProcStat | null> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  const found = text === null ? null : parseStat(text);
  return found === null || found.state === 'Z' || found.state === 'X' ? null : found;
};

/** Reads the text of /proc/<pid>/stat. The program's name stands in parentheses and may hold any character. */
export const parseStat = (text: string): ProcStat | null => {
  const fields = text
    .slice(text.lastIndexOf(')') + 1)
    .trim()
    .split(' ');
  const [state, group, startTime] = [fields[0], fields[2], fields[19]];
  if (state === undefined || group === undefined || startTime === undefined) return null;
  return {state, group: Number(group), startTime};
};

/** True when the group has a process that is no zombie. Zombies wait for their parent only, and hold nothing. */
export const isGroupAlive = async (group: number): Promise<boolean> => {
  for (const pid of await allPids()) if ((await readProc(pid))?.group === group) return true;
  return false;
};

/** The processes of these groups. */
export const processesIn = async (groups: ReadonlySet<number>): Promise<readonly number[]> => {
  const pids = await allPids();
  const found = await Promise.all(pids.map(readProc));
  return pids.filter((_, index) => groups.has(found[index]?.group ?? 0));
};

/** The process groups of all processes that have `NAME=value` in the environment they were started with. */
export const groupsWith = async (variable: string): Promise<readonly number[]> => {
  const groups = new Set<number>();
  for (const pid of await allPids()) {
    // Gone in the meantime, or another user's: not ours.
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (!environment.split('\0').includes(variable)) continue;
    const found = await readProc(pid);
    if (found) groups.add(found.group);
  }
  return [...groups];
};

const allPids = async (): Promise<number[]> =>
  (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number);
