import {readStatus} from '../../agent/core/host/status.ts';
import {whyNot} from '../../agent/core/host/why.ts';
import {EPOCH} from './clock.ts';
import {type Ending, type LastLook, serves} from './ending.ts';
import {isBadOn} from './fleet/behaviour.ts';
import {isInTraffic, type Machine} from './fleet/machine.ts';

/** The name of an end at which not everybody is on the desired release: all the reasons that are told. And what nobody tells. */
export const leftBehind = (look: LastLook): Ending => {
  const reasons = reasonsOf(look);
  const faults = [
    ...silentLedger(look),
    ...look.alive.flatMap(machine => [...silentHost(look, machine), ...leftOut(look, machine)]),
    ...keptPermits(look),
    ...unlisted(look),
  ];
  return {name: reasons.join(' + '), faults};
};

const isGone = ({world}: LastLook, host: string): boolean => world.machines.get(host)?.power === 'terminated';

/** Without EC2 nobody knows that a host which had a permit is gone: operators say so. */
const keepsPermitOfGone = (look: LastLook): boolean =>
  !look.world.scenario.ec2 && look.ledger.permits.some(({host}) => isGone(look, host));

const reasonsOf = (look: LastLook): readonly string[] => {
  const {world, ledger, desired, alive} = look;
  const kinds = new Set<string>();
  if (ledger.blocked) kinds.add(ledger.blocked.kind);
  else if (keepsPermitOfGone(look)) kinds.add('permit of a host that is gone');
  for (const machine of alive) {
    const why = machine.state && whyNot(machine.state);
    if (why && !serves(world, machine, desired)) kinds.add(why.kind);
  }
  return [...kinds].toSorted();
};

const silentLedger = (look: LastLook): readonly string[] => {
  const {ledger, desired} = look;
  const isSilent = ledger.blocked === null && ledger.proven !== desired && !keepsPermitOfGone(look);
  return isSilent ? [`${desired} is not proven, and the ledger does not say why`] : [];
};

const silentHost = ({world, ledger, desired}: LastLook, machine: Machine): readonly string[] => {
  const {instance, state} = machine;
  if (serves(world, machine, desired) || ledger.blocked || (state && whyNot(state))) return [];
  const told = readStatus(instance, world.server.get(world.keys.host(instance))?.value ?? '');
  if (told.ok && told.value.reason !== null) return []; // its application fails its probes
  return [`${instance} is ${state?.phase ?? 'not there'} and does not say why`];
};

/** Nothing is proven, and what is desired is denied: a host that begins anew has nothing that it may run. */
const hasNothingToBoot = ({ledger, desired}: LastLook): boolean =>
  ledger.proven === null && desired !== null && ledger.denied.includes(desired);

/** A host is out of traffic only where nothing that it may boot works. */
const leftOut = (look: LastLook, machine: Machine): readonly string[] => {
  const {world, ledger, desired} = look;
  const {instance, state} = machine;
  if (isInTraffic(machine) || hasNothingToBoot(look)) return [];
  const boots = ledger.proven ?? desired;
  // what does not bear the load of few hosts never does when most are out
  const isHopeless =
    boots !== null &&
    (isBadOn(world.behaviour(boots), boots, machine) || world.behaviour(boots).kind === 'bad-under-load');
  if (isHopeless && (state?.stuck ?? 0) > 0) return [];
  return [
    `${instance} is left out of traffic while ${state?.phase ?? 'not there'}, and ${boots} works there`,
  ];
};

/** A permit is out at the end only on a host that is stuck or has nothing to run, or gone and nobody knows. */
const keptPermits = (look: LastLook): readonly string[] =>
  look.ledger.permits
    .filter(({host}) => (isGone(look, host) ? look.world.scenario.ec2 : !isOutOfService(look, host)))
    .map(({host}) => `${host} has a permit for ever`);

const isOutOfService = (look: LastLook, host: string): boolean => {
  const machine = look.world.machines.get(host);
  if (!machine) return false;
  return (machine.state?.stuck ?? 0) > 0 || (!isInTraffic(machine) && hasNothingToBoot(look));
};

/** A host tells the store of its next phase within this time, ms. */
const TOLD_MS = 30_000;

/** The store knows every host that is there as it is, or was a moment ago. */
const unlisted = ({world: {server, keys, timeline}, alive}: LastLook): readonly string[] => {
  const listed = new Map(
    server.read(keys.hosts).map(({key, value}) => [key.slice(keys.hosts.length), value]),
  );
  const isNew = ({state, skewMs}: Machine): boolean =>
    state !== null && EPOCH + skewMs + timeline.now() - state.since < TOLD_MS;
  return alive.flatMap(machine => {
    const {instance, state} = machine;
    const value = listed.get(instance);
    if (value === undefined) return [`${instance} is not in the store`];
    const status = readStatus(instance, value);
    const isOther = status.ok && status.value.phase !== state?.phase && (state?.stuck ?? 0) === 0;
    const isOld = !status.ok || (isOther && !isNew(machine));
    return isOld ? [`the store has an old status of ${instance}`] : [];
  });
};
