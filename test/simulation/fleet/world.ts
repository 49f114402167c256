/** One run's world: the machines, the store between them, EC2, and what everybody who watches the run is told. */
import type {Ledger, Permit} from '../../../agent/core/fleet/ledger.ts';
import type {State} from '../../../agent/core/host/state.ts';
import type {HostStatus} from '../../../agent/core/host/status.ts';
import {type Keys, keysOf} from '../../../agent/core/keys.ts';
import {createRandom, type Random} from '../random.ts';
import type {Scenario} from '../scenario/scenario.ts';
import {createServer, type Server} from '../store/server.ts';
import {createTimeline, type Timeline} from '../timeline.ts';
import type {Life} from './agent.ts';
import {type Behaviour, isHealthyOn} from './behaviour.ts';
import {createEc2, type SimulatedEc2} from './ec2.ts';
import {isInTraffic, type Machine} from './machine.ts';

/** What is true now and was not before. */
export type WorldEvent =
  | {readonly type: 'state'; readonly machine: Machine; readonly before: State; readonly after: State}
  | {readonly type: 'activating'; readonly machine: Machine; readonly release: string}
  | LedgerWritten
  | {readonly type: 'status'; readonly status: HostStatus}
  | {readonly type: 'restored'};

export interface LedgerWritten {
  readonly type: 'ledger';
  readonly by: string;
  readonly before: Ledger;
  readonly after: Ledger;
  /** the permits that no ledger had before: what an older one had, or a host claims, is given by nobody now */
  readonly granted: readonly Permit[];
}

export interface World {
  readonly scenario: Scenario;
  readonly random: Random;
  readonly timeline: Timeline;
  readonly server: Server;
  readonly keys: Keys;
  readonly ec2: SimulatedEc2;
  /** every instance there ever was */
  readonly machines: Map<string, Machine>;
  behaviour(release: string): Behaviour;
  /** whether its application answers its probes */
  isHealthy(machine: Machine): boolean;
  /** when it served last, ms; now while it does */
  servedAt(machine: Machine): number;
  setApp(machine: Machine, release: string | null): void;
  setOut(machine: Machine, out: boolean): void;
  setSick(machine: Machine, isSick: boolean): void;
  setPower(machine: Machine, power: Machine['power'], hangs: boolean): void;
  tell(event: WorldEvent): void;
  onEvent(listener: (event: WorldEvent) => void): void;
  trace(who: string, text: string): void;
  agentEnded(machine: Machine, life: Life): void;
}

interface Watching {
  readonly trace: (who: string, text: string) => void;
  readonly agentEnded: (world: World, machine: Machine, life: Life) => void;
}

/** A world with nothing in it yet. */
export const createWorld = (scenario: Scenario, {trace, agentEnded}: Watching): World => {
  const timeline = createTimeline();
  const machines = new Map<string, Machine>();
  const listeners: ((event: WorldEvent) => void)[] = [];
  const served = new Map<Machine, number>();

  const load = (): number => {
    let [inTraffic, all] = [0, 0];
    for (const machine of machines.values()) {
      if (machine.power !== 'terminated') all += 1;
      if (isInTraffic(machine)) inTraffic += 1;
    }
    return all === 0 ? 1 : inTraffic / all;
  };
  const isHealthy = (machine: Machine): boolean => {
    const {app, instance, zone, power, hangs} = machine;
    if (!app || power !== 'on' || hangs || machine.isSick) return false;
    const behaviour = world.behaviour(app.release);
    if (behaviour.kind === 'good') return true;
    const moment = {instance, zone, ageMs: timeline.now() - app.since, load: 1};
    return isHealthyOn(
      behaviour,
      app.release,
      behaviour.kind === 'bad-under-load' ? {...moment, load: load()} : moment,
    );
  };
  const change = (machine: Machine, work: () => void): void => {
    if (isInTraffic(machine) && !machine.isSick) served.set(machine, timeline.now());
    work();
  };
  const world: World = {
    scenario,
    random: createRandom(`${scenario.number}/world`),
    timeline,
    server: createServer(timeline),
    keys: keysOf('web', 'production'),
    ec2: createEc2(timeline, machines),
    machines,
    behaviour: release => scenario.releases[release] ?? {kind: 'not-there'},
    isHealthy,
    servedAt: machine => {
      if (!isInTraffic(machine) || machine.isSick) return served.get(machine) ?? Number.NEGATIVE_INFINITY;
      const behaviour = machine.app && world.behaviour(machine.app.release);
      return machine.app && behaviour?.kind === 'bad-bake'
        ? Math.min(timeline.now(), machine.app.since + behaviour.afterMs)
        : timeline.now();
    },
    setApp: (machine, release) =>
      change(machine, () => {
        machine.app = release === null ? null : {release, since: timeline.now()};
        if (release !== null) machine.served.add(release);
      }),
    setOut: (machine, out) =>
      change(machine, () => {
        machine.out = out;
      }),
    setSick: (machine, isSick) =>
      change(machine, () => {
        machine.isSick = isSick;
      }),
    setPower: (machine, power, hangs) =>
      change(machine, () => {
        machine.power = power;
        machine.hangs = hangs;
      }),
    tell: event => {
      for (const listener of listeners) listener(event);
    },
    onEvent: listener => void listeners.push(listener),
    trace,
    agentEnded: (machine, life) => agentEnded(world, machine, life),
  };
  return world;
};
