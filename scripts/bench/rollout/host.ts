/** One host of a fleet in this process: the real agent and the real store; what it does on its machine is only waited for. */
import {freshState, recover} from '../../../agent/core/host/recover.ts';
import type {Rules} from '../../../agent/core/host/rules.ts';
import type {State} from '../../../agent/core/host/state.ts';
import type {Keys} from '../../../agent/core/keys.ts';
import {systemClock as clock} from '../../../agent/host/clock.ts';
import type {Gate, Log, Store} from '../../../agent/ports.ts';
import {createBootView} from '../../../agent/runtime/effects/boot-view.ts';
import {createExecutor} from '../../../agent/runtime/effects/executors.ts';
import {createLastDesired} from '../../../agent/runtime/effects/last-desired.ts';
import {createFleetTasks} from '../../../agent/runtime/fleet/fleet.ts';
import {createHealthWatch} from '../../../agent/runtime/health/health.ts';
import {createJournalHealth} from '../../../agent/runtime/health/journal.ts';
import {createStoreHealth} from '../../../agent/runtime/health/store.ts';
import {type Agent, stamp} from '../../../agent/runtime/loop/agent.ts';
import {createLoop} from '../../../agent/runtime/loop/loop.ts';
import {watchDesired} from '../../../agent/runtime/loop/watch-desired.ts';
import {runTasks} from '../../../agent/runtime/tasks.ts';

export interface HostParts {
  readonly store: Store;
  readonly keys: Keys;
  readonly instance: string;
  readonly zone: string;
  /** from when it leaves traffic for a release until it gives its permit back, ms */
  readonly outMs: () => number;
  /** it has left traffic, or is back */
  readonly turned: (isOut: boolean) => void;
  readonly log: Log;
}

export interface BenchHost {
  readonly state: () => State;
  stop(): Promise<void>;
}

/** Deadlines that nothing here comes near to. */
const RULES: Rules = {
  ...{stageTimeoutMs: 600_000, drainTimeoutMs: 600_000, activateTimeoutMs: 600_000, gateTimeoutMs: 600_000},
  bakeMs: 1_000,
};
/** how the time of a host is shared out among its steps */
const SHARE = {leave: 0.02, drain: 0.3, activate: 0.3, gate: 0.18, rejoin: 0.02, bake: 0.18} as const;

/** Starts the agent of one host, which boots what the store says. */
export const startHost = (parts: HostParts): BenchHost => {
  const {store, keys, instance, zone, log} = parts;
  const stop = new AbortController();
  const {stages, gate} = stagesOf(parts);
  const before = freshState(stamp(clock));
  const facts = {sameBoot: true, stale: false, current: null, running: false};
  const first = recover(RULES, null, facts, stamp(clock));
  const state = (): State => loop.agent.state();
  const changed = (): void => fleet.touch();
  const dispatch: Agent['dispatch'] = input => loop.agent.dispatch(input);
  const health = createStoreHealth(store.name, log);
  const journalHealth = createJournalHealth(log, clock);
  const watch = createHealthWatch({gate, state, changed, clock, log, everyMs: 600_000});
  const fleet = createFleetTasks({
    ...{store, keys, state, dispatch, health, clock, log, ec2: null, settings: {coordinate: 'fleet'}},
    self: {agent: '1', instance, zone, app: 'web', channel: 'production', role: 'web'},
    unhealthy: () => null,
    unable: journalHealth.lost,
    visible: () => true,
  });
  const lastDesired = createLastDesired();
  const waitOut = async (): Promise<void> => undefined;
  const execute = createExecutor({
    ...stages,
    bootView: createBootView({store, keys, seed: null, settingUp: async () => false, lastDesired, clock}),
    askPermit: fleet.askPermit,
    shutdownGuard: {waitOut},
    ...{clock, log},
  });
  const journal = {write: async () => undefined, keep: async () => undefined};
  const publish = changed;
  const loop = createLoop({
    ...{rules: RULES, before, first, journal, health: journalHealth, execute, publish, dispatch, waitOut},
    ...{clock, log},
  });
  // asked for as ever, and not waited for: how staging is spread is no part of this
  const turn = async (signal: AbortSignal) => {
    const {place = 0} = (await fleet.turn?.(signal)) ?? {};
    return {place, hosts: 0};
  };
  const tasks = {
    agent: loop.agent.run,
    desired: (until: AbortSignal) =>
      watchDesired({store, key: keys.desired, health, turn, last: lastDesired, dispatch}, until),
    health: watch.run,
    ...fleet.tasks,
  };
  const ended = runTasks(tasks, log, stop.signal).catch((error: unknown) => log.error(String(error)));
  return {
    state,
    stop: async () => {
      stop.abort();
      await ended;
      loop.stop();
      await store.close();
    },
  };
};

const stagesOf = ({outMs, turned}: HostParts) => {
  let totalMs = 0;
  let running = '';
  /** a boot is none of what is measured */
  const take = (share: number, signal: AbortSignal): Promise<void> => clock.sleep(totalMs * share, signal);
  const installer = {
    stage: async () => undefined,
    prune: async () => undefined,
  };
  const gate: Gate = {
    pass: (_limit, signal) => take(SHARE.gate, signal),
    bake: (_limit, signal) => take(SHARE.bake, signal),
  };
  const stages = {
    installers: {ebs: installer, git: installer},
    activator: {
      activate: async ({slot}: {readonly slot: string}, signal: AbortSignal) => {
        await take(SHARE.activate, signal);
        running = slot;
      },
      observe: async () => ({current: running, running: running !== ''}),
    },
    traffic: {
      leave: async (signal: AbortSignal) => {
        totalMs = running === '' ? 0 : outMs();
        turned(true);
        await take(SHARE.leave, signal);
      },
      rejoin: async (signal: AbortSignal) => {
        await take(SHARE.rejoin, signal);
        turned(false);
      },
    },
    drain: {
      wait: async (_limit: object, signal: AbortSignal) => {
        await take(SHARE.drain, signal);
        return {cut: []};
      },
    },
    gate,
    prune: async () => undefined,
    directoryOf: (slot: string) => `/slots/${slot}`,
  };
  return {stages, gate};
};
