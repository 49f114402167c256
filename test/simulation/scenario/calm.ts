import {launch, reboot, start, terminate} from '../fleet/life.ts';
import type {World} from '../fleet/world.ts';

/** Everything that was bad is over: what works is left to work, and what hangs is taken away or started anew. */
export const calm = (world: World): void => {
  const {server, machines, random} = world;
  world.trace('', '>> calm');
  if (server.health !== 'up') server.turn('up');
  world.ec2.isDown = false;
  for (const machine of machines.values()) {
    machine.slow = 1;
    machine.diskFull = false;
    machine.trafficBroken = false;
    world.setSick(machine, false);
    machine.link.isOpen = true;
    machine.link.loss = 0;
    machine.link.slow = 1;
    if (machine.hangs && random.chance(0.5)) terminate(world, machine, 10_000);
    else if (machine.hangs) reboot(world, machine, 5_000);
    else if (machine.power === 'on' && !machine.agent?.isAlive) start(world, machine, 1_000);
  }
  if (![...machines.values()].some(({power}) => power !== 'terminated')) launch(world);
};
