import {bootId} from '../../host/boot-id.ts';
import {groupsWith, processesIn, readProc} from '../proc.ts';
import {type ProcessRecord, readRecord} from './record.ts';

/** The variable that marks every process of one start of the application. */
export const START_VARIABLE = 'RELEASE_AGENT_START';

/** True when the application's process, started by this or an earlier agent, runs. */
export const isRunning = async (stateDir: string): Promise<boolean> => {
  const record = await readRecord(stateDir);
  if (record === null || record.bootId !== (await bootId())) return false;
  if (record.process !== null) return isSameProcess(record.process);
  return (await groupsWith(`${START_VARIABLE}=${record.start}`)).length > 0;
};

/**
 * The process groups that belong to a start: the process itself, and what it left behind. A pid that the kernel gave to
 * another process since is not among them.
 */
export const groupsOf = async ({start, process, bootId: boot}: ProcessRecord): Promise<readonly number[]> => {
  if (boot !== (await bootId())) return [];
  const marked = await groupsWith(`${START_VARIABLE}=${start}`);
  if (process === null || !(await isSameProcess(process))) return marked;
  return [...new Set([process.pid, ...marked])];
};

/** The processes of the application, and of what it left behind; none when nothing was started. */
export const applicationProcesses = async (stateDir: string): Promise<readonly number[]> => {
  const record = await readRecord(stateDir);
  return record === null ? [] : processesIn(new Set(await groupsOf(record)));
};

const isSameProcess = async ({pid, startTime}: {readonly pid: number; readonly startTime: string}) =>
  (await readProc(pid))?.startTime === startTime;
