/** What an agent finds on a simulated host: installer, activator, traffic, drain and gate, as slow and as good as it is drawn. */
import {type Reason, reason} from '../../../agent/core/reason.ts';
import {ReasonError} from '../../../agent/core/reason-error.ts';
import {releaseId} from '../../../agent/core/release.ts';
import type {Clock} from '../../../agent/host/clock.ts';
import type {Activator, Drain, Gate, Installer, Slot, Traffic} from '../../../agent/ports.ts';
import type {Machine} from './machine.ts';
import type {World} from './world.ts';

interface Parts {
  readonly world: World;
  readonly machine: Machine;
  readonly clock: Clock;
}

const fail = (why: Reason): never => {
  throw new ReasonError(why);
};

const PROBE_MS = 2_000;

/** The stages of one host. */
export const stagesOf = (parts: Parts) => {
  const {machine, clock} = parts;
  const take = async (least: number, most: number, signal: AbortSignal): Promise<void> => {
    await clock.sleep(machine.random.between(least, most) * machine.slow, signal);
    signal.throwIfAborted();
  };
  const taking = {...parts, take};
  const installer = installerOf(taking);
  return {
    installers: {ebs: installer, git: installer},
    activator: activatorOf(taking),
    traffic: trafficOf(taking),
    drain: drainOf(taking),
    gate: gateOf(taking),
    prune: (keep: readonly Slot[], signal: AbortSignal) => installer.prune(keep, signal),
    directoryOf: (slot: string) => `/slots/${slot}`,
  };
};

type Taking = Parts & {take(least: number, most: number, signal: AbortSignal): Promise<void>};

const installerOf = ({world, machine, take}: Taking): Installer => ({
  stage: async ({release, slot}, signal) => {
    const id = releaseId(release);
    if (machine.slots.has(slot)) return take(5, 50, signal);
    await take(1_000, 8_000, signal);
    if (machine.diskFull) fail(reason('disk.full', {path: '/slots', cause: 'no space left on device'}));
    if (world.ec2.isDown) fail(reason('ec2.unreachable', {action: 'CreateVolume', cause: 'no answer'}));
    if (world.behaviour(id).kind === 'not-there')
      fail(reason('snapshot.missing', {snapshot: id, region: 'simulated'}));
    machine.slots.set(slot, id);
  },
  prune: async (keep, signal) => {
    await take(5, 100, signal);
    for (const slot of machine.slots.keys())
      if (slot !== machine.current && !keep.some(each => each.slot === slot)) machine.slots.delete(slot);
  },
});

const activatorOf = ({world, machine, take}: Taking): Activator => ({
  activate: async ({release, slot}, signal) => {
    const id = releaseId(release);
    world.tell({type: 'activating', machine, release: id});
    await take(200, 1_500, signal);
    machine.current = slot;
    world.setApp(machine, null);
    await take(500, 3_000, signal);
    if (!machine.slots.has(slot)) fail(reason('activate.failed', {cause: `${slot} is not there`}));
    if (world.behaviour(id).kind === 'bad-start')
      fail(reason('unit.failed', {unit: 'web.service', cause: 'exited with 1'}));
    world.setApp(machine, id);
  },
  observe: async () => ({current: machine.current, running: machine.app !== null}),
});

const trafficOf = ({world, machine, take}: Taking): Traffic => {
  const turn = async (out: boolean, signal: AbortSignal): Promise<void> => {
    await take(20, 800, signal);
    if (machine.trafficBroken || machine.random.chance(0.005))
      fail(
        reason('traffic.failed', {
          adapter: 'consul',
          action: out ? 'leave' : 'rejoin',
          cause: 'HTTP 500',
        }),
      );
    world.setOut(machine, out);
  };
  return {leave: signal => turn(true, signal), rejoin: signal => turn(false, signal)};
};

const drainOf = ({machine, take}: Taking): Drain => ({
  wait: async ({timeoutMs}, signal) => {
    const busy = machine.random.chance(0.05);
    await take(busy ? timeoutMs : 500, busy ? timeoutMs : 8_000, signal);
    return {cut: busy ? ['192.0.2.7:40404'] : []};
  },
});

const gateOf = ({world, machine, clock, take}: Taking): Gate => ({
  pass: async ({timeoutMs}, signal) => {
    await take(200, 4_000, signal);
    const end = clock.elapsed() + timeoutMs;
    while (!world.isHealthy(machine)) {
      const last = 'HTTP 500';
      if (clock.elapsed() >= end)
        fail(reason('gate.failed', {probe: 'http', seconds: timeoutMs / 1_000, last}));
      await take(PROBE_MS, PROBE_MS, signal);
    }
  },
  bake: async ({forMs}, signal) => {
    const end = clock.elapsed() + forMs;
    for (let failures = 0; clock.elapsed() < end; ) {
      failures = world.isHealthy(machine) ? 0 : failures + 1;
      if (failures > 1) fail(reason('bake.failed', {probe: 'http', last: 'HTTP 500'}));
      await clock.sleep(PROBE_MS, signal);
      signal.throwIfAborted();
    }
  },
});
