import type {EventInput} from '../../../agent/core/host/event-input.ts';
import {crashAgent, hang, launch, reboot, restartAgent, terminate} from '../fleet/life.ts';
import type {Machine} from '../fleet/machine.ts';
import type {World} from '../fleet/world.ts';
import type {Happening, Whom} from './happening.ts';

/** The host in question now, or undefined when there is none at all. */
export const hostOf = (world: World, {among, nth}: Whom): Machine | undefined => {
  const all = [...world.machines.values()].filter(({power}) => power !== 'terminated');
  const found = all.filter(machine => isAmong(world, machine, among));
  const from = found.length > 0 ? found : all;
  return from[nth % from.length];
};

const isAmong = ({server, keys}: World, machine: Machine, among: Whom['among']): boolean => {
  const {instance, state, agent} = machine;
  switch (among) {
    case 'any':
      return true;
    case 'busy':
      return agent?.isAlive === true && state !== null && state.phase !== 'serving';
    case 'holder':
      return state !== null && state.permit !== null;
    case 'coordinator':
      return server.get(keys.coordinator)?.value === instance;
  }
};

type ToHost = Extract<Happening, {readonly whom: Whom}>;

/** What happens to one host now. */
export const happenTo = (world: World, machine: Machine, happening: ToHost): void => {
  world.trace(machine.instance, `>> ${happening.kind}`);
  (HOST[happening.kind] as (world: World, machine: Machine, happening: ToHost) => void)(
    world,
    machine,
    happening,
  );
};

type Happens<K extends ToHost['kind']> = (
  world: World,
  machine: Machine,
  happening: Extract<ToHost, {readonly kind: K}>,
) => void;

const by = 'anna';
const asked =
  (input: EventInput) =>
  (_world: World, {agent}: Machine): void => {
    if (agent?.isAlive) void agent.agent.request(input);
  };

const forSomeTime =
  (begin: (machine: Machine) => void, end: (machine: Machine) => void) =>
  (world: World, machine: Machine, {ms}: {readonly ms: number}): void => {
    begin(machine);
    world.timeline.after(ms, () => end(machine));
  };

const HOST: {readonly [K in ToHost['kind']]: Happens<K>} = {
  hold: asked({type: 'operator.held', by, note: 'a look'}),
  resume: asked({type: 'operator.resumed', by}),
  rollback: asked({type: 'operator.rolled-back', by}),
  retry: asked({type: 'operator.retried', by}),
  'journal-damaged': (world, machine, {ms}) => {
    machine.damaged = machine.journal !== null;
    crashAgent(world, machine, ms);
  },
  'agent-crash': (world, machine, {ms}) => crashAgent(world, machine, ms),
  'agent-restart': (_world, machine) => restartAgent(machine),
  reboot: (world, machine, {ms}) => reboot(world, machine, ms),
  hang,
  terminate: (world, machine, {replaceMs}) => terminate(world, machine, replaceMs),
  launch: world => void launch(world),
  'app-crash': (world, machine) => {
    const release = machine.app?.release;
    if (release === undefined) return;
    const {boot} = machine;
    world.setApp(machine, null);
    world.timeline.after(10_000, () => {
      const {power, app, current} = machine;
      if (power === 'on' && machine.boot === boot && !app && current !== null)
        world.setApp(machine, machine.slots.get(current) ?? release);
    });
  },
  slow: (world, machine, {factor, ms}) => {
    machine.slow = factor;
    machine.link.slow = factor;
    world.timeline.after(ms, () => {
      machine.slow = 1;
      machine.link.slow = 1;
    });
  },
  cut: forSomeTime(
    ({link}) => link.cut(),
    ({link}) => {
      link.isOpen = true;
    },
  ),
  lossy: forSomeTime(
    ({link}) => {
      link.loss = 0.3;
    },
    ({link}) => {
      link.loss = 0;
    },
  ),
  sick: (world, machine, {ms}) => {
    world.setSick(machine, true);
    world.timeline.after(ms, () => world.setSick(machine, false));
  },
  'disk-full': forSomeTime(
    machine => {
      machine.diskFull = true;
    },
    machine => {
      machine.diskFull = false;
    },
  ),
  'traffic-broken': forSomeTime(
    machine => {
      machine.trafficBroken = true;
    },
    machine => {
      machine.trafficBroken = false;
    },
  ),
};
