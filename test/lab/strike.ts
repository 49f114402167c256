/** Kills an agent, or a whole instance, at the moment its journal says that a phase has begun. */
import {once} from 'node:events';
import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {Worker} from 'node:worker_threads';
import type {Phase} from '../../agent/core/host/state.ts';
import type {Instance} from './host.ts';
import {gone, type ProcessId, startTimeOf} from './process.ts';
import {stateIn, type Watch} from './strike-watch.ts';
import {until} from './until.ts';

export type Victim = 'agent' | 'instance';

export type Strike = {
  readonly instance: Instance;
  readonly victim: Victim;
  readonly phase: Phase;
  readonly afterMs: number;
  /** what makes the host go through its phases */
  readonly begin: () => Promise<unknown>;
};

/** Gives the phase that the journal was left in: another one than was asked for when that one was too short. */
export const strike = async ({instance, victim, phase, afterMs, begin}: Strike): Promise<Phase> => {
  const agent = await agentOf(instance);
  // A power cut takes a few milliseconds: the agent is stopped where it is, so that they belong to the phase.
  const signal = victim === 'agent' ? 'SIGKILL' : 'SIGSTOP';
  const since = stateIn(instance.root)?.generation ?? 0;
  await watchAndStrike({root: instance.root, phase, afterMs, since, agent, signal}, begin);
  if (victim === 'instance') await instance.kill();
  if (!(await gone(agent, 5_000))) throw new Error(`the agent of ${instance.id} outlived it`);
  const left = stateIn(instance.root)?.phase;
  if (left === undefined) throw new Error(`${instance.id} has no journal`);
  return left;
};

const WATCH_MS = 90_000;

/** Watches from a thread of its own, which nothing else holds up, and begins once it does. */
const watchAndStrike = async (watch: Watch, begin: Strike['begin']): Promise<void> => {
  const worker = new Worker(new URL('strike-worker.ts', import.meta.url), {workerData: watch, execArgv: []});
  try {
    const signal = AbortSignal.timeout(WATCH_MS);
    await once(worker, 'message', {signal}); // it watches
    await Promise.all([once(worker, 'message', {signal}), begin()]); // it struck
  } finally {
    await worker.terminate();
  }
};

/** The agent's process as the host sees it. */
const agentOf = async (instance: Instance): Promise<ProcessId> =>
  until({what: `an agent on ${instance.id}`, everyMs: 100}, async () => {
    const inside = await instance.pidOfAgent();
    const pid = inside > 0 ? outsideOf(instance, inside) : undefined;
    const startTime = pid === undefined ? undefined : startTimeOf(pid);
    return pid !== undefined && startTime !== undefined && {pid, startTime};
  });

const outsideOf = (instance: Instance, inside: number): number | undefined => {
  const space = pidSpaceOf(instance.pid() ?? 0);
  const isIt = (pid: number) => pidSpaceOf(pid) === space && innerPidOf(pid) === inside;
  return readdirSync('/proc')
    .map(Number)
    .find(pid => pid > 0 && isIt(pid));
};

const pidSpaceOf = (pid: number): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
};

const innerPidOf = (pid: number): number => {
  try {
    const line = /^NSpid:\s(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
    return Number(line.split('\t').at(-1));
  } catch {
    return 0;
  }
};
