import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Phase, State} from '../../agent/core/host/state.ts';
import {type ProcessId, signalProcess} from './process.ts';

export type Watch = {
  /** of the instance */
  readonly root: string;
  readonly phase: Phase;
  /** how far into the phase; 0: before its effects have begun, as a rule */
  readonly afterMs: number;
  /** generations after this one count */
  readonly since: number;
  readonly agent: ProcessId;
  readonly signal: NodeJS.Signals;
};

/** The journalled state now, null without one. */
export const stateIn = (root: string): State | null => {
  // For a moment of each write there is only the one before.
  for (const name of ['journal.json', 'journal.before.json']) {
    try {
      const text = readFileSync(join(root, 'var/lib/release-agent', name), 'utf8');
      return (JSON.parse(text) as {state: State}).state;
    } catch {}
  }
  return null;
};

/** Blocks its thread until the phase has begun, or until all is over, and sends the signal. */
export const strikeWhenSeen = ({root, phase, afterMs, since, agent, signal}: Watch): void => {
  const never = new Int32Array(new SharedArrayBuffer(4));
  const isDue = (state: State) =>
    state.phase === phase || state.phase === 'serving' || state.phase === 'held';
  for (;;) {
    const state = stateIn(root);
    if (state !== null && state.generation > since && isDue(state)) break;
    Atomics.wait(never, 0, 0, 1);
  }
  if (afterMs > 0) Atomics.wait(never, 0, 0, afterMs);
  if (!signalProcess(agent, signal)) throw new Error('the agent ended by itself');
};
