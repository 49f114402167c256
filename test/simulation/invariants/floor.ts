import type {Policy} from '../../../agent/core/policy/policy.ts';
import type {Machine} from '../fleet/machine.ts';
import type {LedgerWritten, World} from '../fleet/world.ts';
import {type Invariant, isRestored, knownBefore, STALE_MS} from './invariant.ts';
import {forcedOf, policiesOf} from './past.ts';
import {membersOf, share} from './size.ts';

/** Why so many hosts must serve, of so many. */
type Least = (policy: Policy, size: number) => number;

/**
 * No host that serves gets a permit when fewer than the floor would serve then. A host that stopped serving by itself a moment ago
 * counts: nobody can know yet.
 */
const floorOf =
  (isIn: (machine: Machine, taken: Machine) => boolean, least: Least): Invariant =>
  (world, fail) => {
    const restored = isRestored(world);
    const policies = policiesOf(world);
    const forced = forcedOf(world);
    return event => {
      if (event.type !== 'ledger' || restored()) return;
      for (const taken of takenBy(world, event)) {
        const part = [...world.machines.values()].filter(machine => isIn(machine, taken));
        const size = knownSize(world, event, part, forced());
        const must = Math.min(...policies().map(policy => Math.min(size - 1, least(policy, size))));
        const left = servingOf(world, event, part);
        if (left < must)
          fail(`${taken.instance} may leave: ${left} of ${size} serve then, and at least ${must} must`);
      }
    };
  };

export const floor = floorOf(
  () => true,
  (policy, size) => Math.ceil(share(policy.floor, size)),
);

export const zoneFloor = floorOf(
  (machine, {zone}) => machine.zone === zone,
  ({zones}, size) => (zones.floor ? Math.ceil(share(zones.floor, size)) : 0),
);

/** The hosts that serve, as they have told too, and may leave now. One that serves again, and nobody knows yet, takes nothing away. */
const takenBy = (world: World, {granted}: LedgerWritten): readonly Machine[] =>
  granted
    .flatMap(({host}) => world.machines.get(host) ?? [])
    .filter(machine => world.servedAt(machine) === world.timeline.now() && tellsSo(world, machine));

const tellsSo = ({server, keys}: World, {instance}: Machine): boolean => {
  const status = server.get(keys.host(instance));
  return status !== null && JSON.parse(status.value).serving === true;
};

const servingOf = (world: World, {after}: LedgerWritten, part: readonly Machine[]): number => {
  const before = knownBefore(world);
  const holders = new Set(after.permits.map(({host}) => host));
  return part.filter(machine => !holders.has(machine.instance) && world.servedAt(machine) >= before).length;
};

/** The members but those that came or went too recently for everybody to know. */
const knownSize = (
  world: World,
  {after}: LedgerWritten,
  part: readonly Machine[],
  forced: ReadonlySet<string>,
): number => {
  const members = membersOf(world, after);
  return part.filter(
    ({instance, power, launchedAt}) =>
      members.has(instance) &&
      !forced.has(instance) &&
      power !== 'terminated' &&
      world.timeline.now() - launchedAt > 3 * STALE_MS,
  ).length;
};
