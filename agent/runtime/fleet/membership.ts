import {type Members, type Noted, noteMembers, readMembers, type Sighting} from '../../core/fleet/members.ts';
import type {Keys} from '../../core/keys.ts';
import {ReasonError} from '../../core/reason-error.ts';
import type {Clock} from '../../host/clock.ts';
import type {Store} from '../../ports.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  /** what EC2 says of an instance: its state, `absent` or `unknown`; `none` without EC2 */
  readonly ec2State: (instance: string, signal: AbortSignal) => Promise<string>;
  readonly clock: Pick<Clock, 'elapsed'>;
}

export interface Membership {
  /** Notes who is there and who is not, in the store too when it changed, and gives what is known then. */
  note(sighting: Omit<Sighting, 'ec2'>, signal: AbortSignal): Promise<Noted>;
}

const CAS_TRIES = 5;
const ASK_EVERY_MS = 20_000;
/** EC2 limits calls for the whole account: so many hosts are asked about in one go. */
const ASK_AT_ONCE = 10;

/** The coordinator's memory of who belongs to the fleet. It outlives the coordinator, as the key `members`. */
export const createMembership = ({store, keys, ec2State, clock}: Parts): Membership => {
  const asked = new Map<string, {readonly said: string; readonly at: number}>();

  const ask = async (hosts: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>> => {
    const isDue = (host: string): boolean =>
      clock.elapsed() - (asked.get(host)?.at ?? Number.NEGATIVE_INFINITY) > ASK_EVERY_MS;
    const due = hosts.filter(isDue).slice(0, ASK_AT_ONCE);
    await Promise.all(
      due.map(async host => asked.set(host, {said: await ec2State(host, signal), at: clock.elapsed()})),
    );
    for (const host of asked.keys()) if (!hosts.includes(host)) asked.delete(host);
    return new Map([...asked].map(([host, {said}]) => [host, said]));
  };

  const read = async (signal: AbortSignal) => {
    const entry = await store.get(keys.members, signal);
    const reading = readMembers(entry?.value ?? null);
    if (!reading.ok) throw new ReasonError(reading.cause);
    return {before: reading.value, expected: entry ? {version: entry.version} : ('absent' as const)};
  };

  return {
    note: async (sighting, signal) => {
      for (let tries = 0; tries < CAS_TRIES; tries += 1) {
        const {before, expected} = await read(signal);
        const absent = noteMembers(before, {...sighting, ec2: new Map()});
        const ec2 = await ask(namesOf(absent.members), signal);
        const noted = noteMembers(before, {...sighting, ec2});
        const value = JSON.stringify(noted.members);
        if (value === JSON.stringify(before)) return noted;
        if ((await store.put(keys.members, value, expected, signal)).ok) return noted;
      }
      throw new Error(`${keys.members} is written by others all the time`);
    },
  };
};

const namesOf = ({missing}: Members): readonly string[] => missing.map(({host}) => host);
