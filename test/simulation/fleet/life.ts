/** What befalls machines: they are launched, lose their agent, go down, come up and are terminated. */
import {type Life, startAgent} from './agent.ts';
import {createMachine, type Machine} from './machine.ts';
import type {World} from './world.ts';

/** A new instance, in the zone that has the fewest; it starts after some seconds. */
export const launch = (world: World): Machine => {
  const {machines, random, timeline, scenario} = world;
  const number = machines.size + 1;
  const drawn = random.part(`instance ${number}`);
  const instance = `i-${String(number).padStart(4, '0')}${drawn.whole(0x1000, 0xffff).toString(16)}`;
  const zone = emptiestZone(world);
  const canary = drawn.part('canary').chance(scenario.canaries / 100);
  const machine = createMachine({instance, zone, canary, random: drawn, launchedAt: timeline.now()});
  machines.set(instance, machine);
  world.trace(instance, `launched in ${zone}`);
  timeline.after(drawn.between(1_000, 20_000) + scenario.launchMs, () => powerOn(world, machine));
  return machine;
};

const emptiestZone = ({machines, scenario}: World): string => {
  const counts = new Map(scenario.zones.map(zone => [zone, 0]));
  for (const {zone, power} of machines.values())
    if (power !== 'terminated') counts.set(zone, (counts.get(zone) ?? 0) + 1);
  const [[zone] = ['a']] = [...counts].toSorted((a, b) => a[1] - b[1]);
  return zone;
};

const powerOn = (world: World, machine: Machine): void => {
  if (machine.power !== 'off') return;
  world.setPower(machine, 'on', false);
  machine.boot += 1;
  start(world, machine, machine.random.between(500, 4_000));
};

/** The agent is started after so long, unless something else befalls the machine first. */
export const start = (world: World, machine: Machine, afterMs: number): void => {
  const {boot} = machine;
  world.timeline.after(afterMs, () => {
    if (machine.power !== 'on' || machine.hangs || machine.boot !== boot || machine.agent?.isAlive) return;
    machine.agent = startAgent(world, machine);
  });
};

const kill = (machine: Machine): void => {
  if (machine.agent) machine.agent.isAlive = false;
};

/** The agent's process is gone, in the middle of whatever it did; it comes back after so long. */
export const crashAgent = (world: World, machine: Machine, backMs: number): void => {
  kill(machine);
  start(world, machine, backMs);
};

/** The agent is told to stop, and started again. */
export const restartAgent = (machine: Machine): void => machine.agent?.stop();

/** An agent that ended by itself is started again, as a service manager does. */
export const ended = (world: World, machine: Machine, life: Life): void => {
  life.isAlive = false;
  start(world, machine, machine.random.between(500, 3_000));
};

/** The machine goes down and comes up again after so long. */
export const reboot = (world: World, machine: Machine, backMs: number): void => {
  if (machine.power === 'terminated') return;
  kill(machine);
  world.setPower(machine, 'off', false);
  world.setApp(machine, null);
  world.timeline.after(backMs, () => powerOn(world, machine));
};

/** Nothing on the machine goes on until it is rebooted. */
export const hang = (world: World, machine: Machine): void => {
  if (machine.power !== 'on') return;
  kill(machine);
  world.setPower(machine, 'on', true);
};

/** The instance is gone; another is launched in its place after so long, unless `null`. */
export const terminate = (world: World, machine: Machine, replaceMs: number | null): void => {
  if (machine.power === 'terminated') return;
  kill(machine);
  world.setPower(machine, 'terminated', false);
  world.setApp(machine, null);
  world.ec2.terminated(machine.instance);
  if (replaceMs !== null) world.timeline.after(replaceMs, () => launch(world));
};
