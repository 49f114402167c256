/** The real agent on a simulated host: its loop, its effects and its fleet tasks, as `runtime/daemon.ts` puts them together. */
import {freshState, recover} from '../../../agent/core/host/recover.ts';
import type {Rules} from '../../../agent/core/host/rules.ts';
import type {State} from '../../../agent/core/host/state.ts';
import {parseRelease} from '../../../agent/core/release.ts';
import type {Log} from '../../../agent/ports.ts';
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
import {clockOn} from '../clock.ts';
import {type Client, createClient} from '../store/client.ts';
import {type Machine, openJournal} from './machine.ts';
import {stagesOf} from './stages.ts';
import type {World} from './world.ts';

/** One run of the agent's process. */
export interface Life {
  isAlive: boolean;
  readonly store: Client;
  readonly agent: Agent;
  /** Ends it as a service manager does. */
  stop(): void;
}

/** Starts the agent of a machine. It is no more, at once and with nothing said, when `isAlive` is false. */
export const startAgent = (world: World, machine: Machine): Life => {
  const {timeline, server, keys, scenario} = world;
  const {instance, zone, canary, link} = machine;
  const random = machine.random.part(`agent ${timeline.now()}`);
  const isAlive = (): boolean => life.isAlive && machine.power === 'on' && !machine.hangs;
  const clock = clockOn({timeline, random, isAlive, skewMs: machine.skewMs});
  const store = createClient({timeline, server, link, clock, isAlive, by: instance});
  const stop = new AbortController();
  const log = logOf(world, instance, isAlive);
  const stages = stagesOf({world, machine, clock});
  const settled = (): Promise<void> =>
    clock.sleep(machine.random.between(1, 5), new AbortController().signal);
  const {journal, state: last, facts} = openJournal(machine, settled);
  const rules: Rules = scenario.rules;
  const first = recover(rules, last, facts, stamp(clock));
  const before = last ?? freshState(stamp(clock));
  const state = (): State => loop.agent.state();
  const changed = (): void => fleet.touch();
  const dispatch: Agent['dispatch'] = input => loop.agent.dispatch(input);
  const health = createStoreHealth(store.name, log);
  const journalHealth = createJournalHealth(log, clock);
  const watch = createHealthWatch({gate: stages.gate, state, changed, clock, log, everyMs: 15_000});
  health.onChange(changed);
  journalHealth.onChange(changed);
  const here = {store, keys, state, dispatch, health, clock, log};
  const fleet = createFleetTasks({
    ...here,
    settings: {coordinate: 'fleet'},
    self: {
      agent: '1',
      instance,
      zone,
      app: 'web',
      channel: 'production',
      role: 'web',
      ...(canary && {canary}),
    },
    ec2: scenario.ec2 ? world.ec2.asSeenBy(clock) : null,
    unhealthy: watch.unhealthy,
    unable: journalHealth.lost,
    visible: () => true,
  });
  const seed = scenario.seed === null ? null : (parseRelease(scenario.seed) ?? null);
  const waitOut = async (): Promise<void> => undefined;
  const lastDesired = createLastDesired();
  const execute = createExecutor({
    ...stages,
    bootView: createBootView({store, keys, seed, settingUp: async () => false, lastDesired, clock}),
    askPermit: fleet.askPermit,
    shutdownGuard: {waitOut},
    clock,
    log,
  });
  const publish = (next: State, old: State): void => {
    if (!isAlive()) return;
    machine.state = next;
    world.tell({type: 'state', machine, before: old, after: next});
    fleet.touch();
  };
  const loop = createLoop({
    rules,
    before,
    first,
    journal,
    health: journalHealth,
    execute,
    publish,
    dispatch,
    waitOut,
    clock,
    log,
  });
  const tasks = {
    agent: loop.agent.run,
    desired: (until: AbortSignal) =>
      watchDesired({store, key: keys.desired, health, turn: fleet.turn, last: lastDesired, dispatch}, until),
    health: watch.run,
    ...fleet.tasks,
  };
  const life: Life = {isAlive: true, store, agent: loop.agent, stop: () => stop.abort()};
  world.trace(instance, `the agent starts${last ? ` after ${last.phase}` : ''}`);
  runTasks(tasks, log, stop.signal)
    .catch((error: unknown) => world.trace(instance, `the agent fails: ${String(error)}`))
    .finally(() => {
      loop.stop();
      if (isAlive()) world.agentEnded(machine, life);
    });
  return life;
};

const logOf = (world: World, instance: string, isAlive: () => boolean): Log => {
  const say = (text: string): void => {
    if (isAlive()) world.trace(instance, text);
  };
  return {debug: () => undefined, info: say, warning: say, error: say};
};
