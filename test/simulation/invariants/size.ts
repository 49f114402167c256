import type {Ledger} from '../../../agent/core/fleet/ledger.ts';
import {readMembers} from '../../../agent/core/fleet/members.ts';
import type {Amount} from '../../../agent/core/policy/amount.ts';
import type {World} from '../fleet/world.ts';

/** Every host that counts: seen, missing, or with a permit. */
export const membersOf = ({server, keys}: World, {permits}: Ledger): ReadonlySet<string> => {
  const members = readMembers(server.get(keys.members)?.value ?? null);
  return new Set([
    ...server.read(keys.hosts).map(({key}) => key.slice(keys.hosts.length)),
    ...(members.ok
      ? [...Object.values(members.value.present).flat(), ...members.value.missing.map(({host}) => host)]
      : []),
    ...permits.map(({host}) => host),
  ]);
};

/** An amount of `size` hosts, not rounded. */
export const share = (amount: Amount, size: number): number =>
  'count' in amount ? amount.count : (size * amount.percent) / 100;
