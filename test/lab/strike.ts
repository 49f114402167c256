/** Kills an agent, or a whole instance, at the moment its journal says that a phase has begun. */
import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {join} from 'node:path';
import type {Phase, State} from '../../agent/core/host/state.ts';
import type {Instance} from './host.ts';
import {gone, type ProcessId, signalProcess, startTimeOf} from './process.ts';
import {until} from './until.ts';

export type Victim = 'agent' | 'instance';

export type Strike = {
  readonly instance: Instance;
  readonly victim: Victim;
  readonly phase: Phase;
  /** what makes the host go through its phases */
  readonly begin: () => Promise<unknown>;
};

/** Gives the phase that the journal was left in: another one than was asked for when that one was too short. */
export const strike = async ({instance, victim, phase, begin}: Strike): Promise<Phase> => {
  const agent = await agentOf(instance);
  const since = journalOf(instance)?.generation ?? 0;
  const isOver = (state: State) => state.phase === 'serving' || state.phase === 'held';
  const seen = () => {
    const state = journalOf(instance);
    return state !== null && state.generation > since && (state.phase === phase || isOver(state));
  };
  const what = `${phase} in the journal of ${instance.id}`;
  await Promise.all([until({what, timeoutMs: 60_000, everyMs: 1}, seen), begin()]);
  // The power cut takes a few milliseconds: the agent stops where it is, so that they belong to the phase.
  if (!signalProcess(agent, victim === 'agent' ? 'SIGKILL' : 'SIGSTOP'))
    throw new Error(`the agent of ${instance.id} ended by itself`);
  if (victim === 'instance') await instance.kill();
  await gone(agent, 5_000);
  return until({what: `a journal of ${instance.id}`}, () => journalOf(instance)?.phase);
};

// Read synchronously: between the look and the kill nothing else of this process may run.
const journalOf = ({root}: Instance): State | null => {
  for (const name of ['journal.json', 'journal.before.json']) {
    try {
      const text = readFileSync(join(root, 'var/lib/release-agent', name), 'utf8');
      return (JSON.parse(text) as {state: State}).state;
    } catch {} // for a moment of each write there is only the one before
  }
  return null;
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
