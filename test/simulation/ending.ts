/** How a run ends: in a state that does not change any more, and has a name. */
import {readDesired} from '../../agent/core/desired.ts';
import {type Ledger, readLedger} from '../../agent/core/fleet/ledger.ts';
import {readMembers} from '../../agent/core/fleet/members.ts';
import {releaseId} from '../../agent/core/release.ts';
import {isInTraffic, type Machine} from './fleet/machine.ts';
import type {World} from './fleet/world.ts';
import {leftBehind} from './left-behind.ts';

export interface Ending {
  /** null: it goes on */
  readonly name: string | null;
  /** what is not as it should be at the end */
  readonly faults: readonly string[];
}

/** What the world looks like when it is asked whether it is over. */
export interface LastLook {
  readonly world: World;
  readonly ledger: Ledger;
  readonly desired: string | null;
  /** the machines that are there */
  readonly alive: readonly Machine[];
}

const GOES_ON: Ending = {name: null, faults: []};
/** Nothing changed for so long: nothing will. Longer than every pause of an agent or a coordinator. */
const QUIET_MS = 240_000;
/** The same while hosts are missing, which may be forgotten after ten minutes, or out of traffic, and try again ever more slowly. */
const LONG_QUIET_MS = 700_000;

/** Looks at the world now and then, once it is calm. */
export const watchEnding = (world: World): (() => Ending) => {
  let signature = '';
  let since = 0;
  return () => {
    const now = world.timeline.now();
    const alive = [...world.machines.values()].filter(({power}) => power !== 'terminated');
    const look = {world, ledger: ledgerOf(world), desired: desiredOf(world), alive};
    if (isDone(look)) return {name: 'all on the desired release, proven', faults: []};
    const next = signatureOf(look);
    if (next !== signature) {
      signature = next;
      since = now;
    }
    return now - since < (isWaitedFor(look) ? LONG_QUIET_MS : QUIET_MS) ? GOES_ON : leftBehind(look);
  };
};

const ledgerOf = ({server, keys}: World): Ledger => {
  const reading = readLedger(server.get(keys.ledger)?.value ?? null);
  if (!reading.ok) throw new Error('the ledger is damaged');
  return reading.value;
};

const desiredOf = ({server, keys}: World): string | null => {
  const entry = server.get(keys.desired);
  const reading = entry && readDesired(entry.value, entry.version);
  return reading?.ok ? releaseId(reading.desired.release) : null;
};

const isWaitedFor = ({world: {server, keys}, alive}: LastLook): boolean => {
  const reading = readMembers(server.get(keys.members)?.value ?? null);
  const isMissing = reading.ok && reading.value.missing.length > 0;
  return isMissing || !alive.every(isInTraffic);
};

/** True for a host that serves the release. */
export const serves = (world: World, machine: Machine, release: string | null): boolean =>
  isInTraffic(machine) &&
  machine.app?.release === release &&
  machine.state?.phase === 'serving' &&
  world.isHealthy(machine);

const isDone = ({world, ledger, desired, alive}: LastLook): boolean =>
  ledger.proven === desired &&
  ledger.permits.length === 0 &&
  alive.every(machine => serves(world, machine, desired));

const signatureOf = ({ledger, alive}: LastLook): string => {
  const {proven, rollout, permits, failures} = ledger;
  return JSON.stringify([
    proven,
    rollout,
    permits.map(({fence}) => fence),
    failures.length,
    ...alive.map(machine => [machine.instance, ...doingOf(machine)]),
  ]);
};

// a host that is stuck tries again for ever, ever more slowly, and one that cannot stage a release now and then
const doingOf = ({state}: Machine): readonly unknown[] => {
  if (!state || state.stuck > 0) return [];
  const stages = state.phase === 'staging' && state.attempt.purpose === 'update';
  return [stages ? 'serving' : state.phase, state.active?.slot];
};
