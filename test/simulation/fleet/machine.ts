/** One simulated host: what outlives its agent, and what befalls it. */
import type {Facts} from '../../../agent/core/host/recover.ts';
import type {State} from '../../../agent/core/host/state.ts';
import type {Journal} from '../../../agent/journal/journal.ts';
import type {Random} from '../random.ts';
import {createLink, type Link} from '../store/link.ts';
import type {Life} from './agent.ts';

interface Written {
  readonly sequence: number;
  readonly boot: number;
  readonly state: State;
}

export interface Machine {
  readonly instance: string;
  readonly zone: string;
  readonly canary: boolean;
  readonly random: Random;
  readonly link: Link;
  readonly skewMs: number;
  /** when it was launched, ms on the timeline */
  readonly launchedAt: number;
  /** how many times longer than usual everything takes */
  slow: number;
  power: 'on' | 'off' | 'terminated';
  /** nothing on it goes on: neither its agent nor its application */
  hangs: boolean;
  boot: number;
  readonly slots: Map<string, string>;
  current: string | null;
  app: {readonly release: string; readonly since: number} | null;
  /** out of traffic, as those who send it see it */
  out: boolean;
  diskFull: boolean;
  trafficBroken: boolean;
  /** nothing that runs on it is healthy */
  isSick: boolean;
  agent: Life | null;
  /** the state its agent took last */
  state: State | null;
  journal: Written | null;
  before: Written | null;
  kept: Written | null;
  /** the newest journal cannot be read any more */
  damaged: boolean;
  /** what it has served since it was launched */
  readonly served: Set<string>;
}

interface Birth {
  readonly instance: string;
  readonly zone: string;
  readonly canary: boolean;
  readonly random: Random;
  readonly launchedAt: number;
}

/** A new machine that has not been started. */
export const createMachine = ({instance, zone, canary, random, launchedAt}: Birth): Machine => ({
  instance,
  zone,
  canary,
  random,
  link: createLink(random.part('link')),
  skewMs: Math.round(random.between(-2_000, 2_000)),
  launchedAt,
  slow: 1,
  power: 'off',
  hangs: false,
  boot: 0,
  slots: new Map(),
  current: null,
  app: null,
  out: false,
  diskFull: false,
  trafficBroken: false,
  isSick: false,
  agent: null,
  state: null,
  journal: null,
  before: null,
  kept: null,
  damaged: false,
  served: new Set(),
});

/** True when requests reach its application. */
export const isInTraffic = ({power, out, app, hangs}: Machine): boolean =>
  power === 'on' && !out && app !== null && !hangs;

const FULL = Object.assign(new Error('no space left on device'), {code: 'ENOSPC', errno: -28});

/** Its journal as the agent that has just started finds it, and what `recover` is told. */
export const openJournal = (machine: Machine, settled: () => Promise<void>) => {
  const {boot, damaged} = machine;
  const last = damaged ? null : machine.journal;
  const kept = machine.kept?.boot === boot && !damaged ? machine.kept : null;
  const [newest] = [last, kept, machine.before]
    .filter(each => each !== null)
    .toSorted((a, b) => b.sequence - a.sequence);
  machine.damaged = false;
  let sequence = newest?.sequence ?? 0;
  const entryOf = (state: State): Written => {
    sequence += 1;
    return {sequence, boot, state};
  };
  const journal: Journal = {
    write: async state => {
      await settled();
      if (machine.diskFull) throw FULL;
      machine.before = machine.journal;
      machine.journal = entryOf(state);
      machine.kept = machine.journal;
    },
    keep: async state => {
      await settled();
      machine.kept = entryOf(state);
    },
  };
  const facts: Facts = {
    sameBoot: newest?.boot === boot,
    stale: newest !== undefined && newest !== last && newest !== kept,
    current: machine.current,
    running: machine.app !== null,
  };
  return {journal, state: newest?.state ?? null, facts};
};
