import {bootId} from '../../host/boot-id.ts';
import {groupsWith, processesIn, readProc} from '../proc.ts';
import {type ProcessRecord, readRecord} from './record.ts';

/** The variable that marks every process of one start of the application. */
export const START_VARIABLE = 'RELEASE_AGENT_START';

/** The variable that says whose application a process is: it is found by it when the record is not there. */
export const STATE_VARIABLE = 'RELEASE_AGENT_STATE';

/** True when the application's process, started by this or an earlier agent, runs. */
export const isRunning = async (stateDir: string): Promise<boolean> => {
  const record = await readRecord(stateDir);
  if (!record?.process) return (await applicationGroups(stateDir)).length > 0;
  return record.bootId === (await bootId()) && isSameProcess(record.process);
};

/**
 * The process groups of the application: the process itself, and what it left behind. A pid that the kernel gave to
 * another process since is not among them.
 */
export const applicationGroups = async (stateDir: string): Promise<readonly number[]> => {
  const record = await readRecord(stateDir);
  return record === null ? groupsWith(`${STATE_VARIABLE}=${stateDir}`) : groupsOf(record);
};

const groupsOf = async ({start, process, bootId: boot}: ProcessRecord): Promise<readonly number[]> => {
  if (boot !== (await bootId())) return [];
  const marked = await groupsWith(`${START_VARIABLE}=${start}`);
  if (process === null || !(await isSameProcess(process))) return marked;
  return [...new Set([process.pid, ...marked])];
};

/** The processes of the application, and of what it left behind; none when nothing was started. */
export const applicationProcesses = async (stateDir: string): Promise<readonly number[]> => {
  const groups = await applicationGroups(stateDir);
  return groups.length === 0 ? [] : processesIn(new Set(groups));
};

const isSameProcess = async ({pid, startTime}: {readonly pid: number; readonly startTime: string}) =>
  (await readProc(pid))?.startTime === startTime;
