/** Reads what the store says of a fleet. */
import {readDesired} from '../../../core/desired.ts';
import {readLedger} from '../../../core/fleet/ledger.ts';
import {NO_MEMBERS, readMembers} from '../../../core/fleet/members.ts';
import type {FleetView} from '../../../core/fleet/plan.ts';
import {readFreeze, readLock} from '../../../core/fleet/stops.ts';
import {type HostStatus, readStatus} from '../../../core/host/status.ts';
import {DEFAULT_POLICY, readPolicy} from '../../../core/policy/policy.ts';
import type {Reason} from '../../../core/reason.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import type {Entry} from '../../../ports.ts';
import type {Reach} from './reach.ts';

/** A fleet as the store has it, with the versions that a compare-and-set replaces. */
export interface Fleet {
  readonly view: FleetView;
  /** who wears the hat; null: nobody, and then no permit is given */
  readonly coordinator: string | null;
  /** what in the store nobody can read */
  readonly unreadable: readonly Reason[];
  readonly entries: {
    readonly desired: Entry | null;
    readonly freeze: Entry | null;
    readonly lock: Entry | null;
    readonly ledger: Entry | null;
  };
}

/** Reads all of it. Throws the store's reasons, and `store.document` for a ledger that is damaged. */
export const readFleet = async ({store, keys, signal}: Reach): Promise<Fleet> => {
  const get = (key: string): Promise<Entry | null> => store.get(key, signal);
  const [desired, policy, freeze, lock, ledger, members, coordinator, hosts] = await Promise.all([
    get(keys.desired),
    get(keys.policy),
    get(keys.freeze),
    get(keys.lock),
    get(keys.ledger),
    get(keys.members),
    get(keys.coordinator),
    store.list(keys.hosts, signal),
  ]);
  const book = readLedger(ledger?.value ?? null);
  if (!book.ok) throw new ReasonError(book.cause);
  const asked = desired && readDesired(desired.value, desired.version);
  const rules = policy ? readPolicy(policy.value) : ({ok: true, policy: DEFAULT_POLICY} as const);
  const known = readMembers(members?.value ?? null);
  const statuses = hosts.map(({key, value}) => readStatus(key, value));
  const seen = statuses.flatMap((reading): readonly HostStatus[] => (reading.ok ? [reading.value] : []));
  const unreadable = [
    ...(asked?.ok === false ? [asked.refusal] : []),
    ...(rules.ok ? [] : [rules.cause]),
    ...(known.ok ? [] : [known.cause]),
    ...statuses.flatMap(reading => (reading.ok ? [] : [reading.cause])),
  ];
  return {
    view: {
      ledger: book.value,
      hosts: seen,
      desired: asked?.ok ? asked.desired : null,
      policy: rules.ok ? rules.policy : DEFAULT_POLICY,
      unreadable: rules.ok ? null : rules.cause,
      freeze: freeze && readFreeze(freeze.value),
      lock: lock && readLock(lock.value),
      missing: absentOf(known.ok ? known.value.missing : NO_MEMBERS.missing, seen),
      gone: new Set(),
      now: Date.now(),
    },
    coordinator: coordinator?.value ?? null,
    unreadable,
    entries: {desired, freeze, lock, ledger},
  };
};

// Who is seen again is known at once; the coordinator writes it down a little later.
const absentOf = (missing: FleetView['missing'], hosts: readonly HostStatus[]): FleetView['missing'] => {
  if (missing.length === 0) return missing;
  const seen = new Set(hosts.map(({instance}) => instance));
  return missing.filter(({host}) => !seen.has(host));
};
