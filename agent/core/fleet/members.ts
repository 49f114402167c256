import * as v from 'valibot';
import {type DocumentReading, momentSchema, readDocument} from '../document.ts';
import type {HostStatus} from '../host/status.ts';

/** A host that was there and is not seen any more. It may come back: until it is known to be gone it is a member. */
export interface Missing {
  readonly host: string;
  /** where it was; absent when nobody remembers */
  readonly zone?: string;
  /** since when, ms since the epoch */
  readonly since: number;
  /** the desired version of the rollout during which it was seen last */
  readonly rollout: string | null;
  /** what EC2 says of it: a state, `absent`, `unknown` (it was not asked or does not answer) or `none` (there is no EC2) */
  readonly ec2: string;
}

/** Every host of the fleet that a coordinator has seen and that is not known to be gone. Only coordinators read it. */
export interface Members {
  readonly format: 1;
  /** by zone */
  readonly present: Readonly<Record<string, readonly string[]>>;
  readonly missing: readonly Missing[];
}

export const NO_MEMBERS: Members = {format: 1, present: {}, missing: []};

/** Without EC2, and where EC2 knows nothing of an instance (any more), a host is gone after this long. */
export const GRACE_MS = 600_000;

const MISSING_LIMIT = 200;
const PRESENT_LIMIT = 8_000;

const text = v.string();
const missing = v.object({
  host: text,
  zone: v.exactOptional(text),
  since: momentSchema,
  rollout: v.nullable(text),
  ec2: text,
});
const schema = v.object({
  format: v.literal(1),
  present: v.union([
    v.pipe(
      v.array(text), // as an older agent wrote it: nobody knows where they are
      v.transform((names): Members['present'] => ({'': names})),
    ),
    v.record(text, v.array(text)),
  ]),
  missing: v.array(missing),
});

/** Reads the `members` document; an absent one is empty. */
export const readMembers = (value: string | null): DocumentReading<Members> =>
  value === null ? {ok: true, value: NO_MEMBERS} : readDocument('members', value, schema);

/** What a coordinator knows. `holders` have a permit; `ec2` tells what EC2 says of hosts; `now` is ms since the epoch. */
export interface Sighting {
  readonly hosts: readonly HostStatus[];
  readonly holders: readonly string[];
  readonly rollout: string | null;
  readonly ec2: ReadonlyMap<string, string>;
  readonly now: number;
}

export interface Noted {
  readonly members: Members;
  /** instances that are known to be terminated */
  readonly gone: ReadonlySet<string>;
}

/** The members after a look at the fleet: those that came, those that went missing, without those known to be gone. */
export const noteMembers = (before: Members, sighting: Sighting): Noted => {
  const {hosts, holders, rollout, ec2, now} = sighting;
  const seen = new Set(hosts.map(({instance}) => instance));
  const known = new Map(before.missing.map(each => [each.host, each]));
  const zones = zonesOf(before);
  const names = new Set([...known.keys(), ...zones.keys(), ...holders]);
  const away = [...names]
    .filter(host => !seen.has(host))
    .map((host): Missing => {
      const zone = zones.get(host);
      const fresh = {host, ...(zone !== undefined && {zone}), since: now, rollout, ec2: 'unknown'};
      const last = known.get(host) ?? fresh;
      return {...last, ec2: ec2.get(host) ?? last.ec2};
    });
  const lost = away.filter(each => each.ec2 !== 'terminated' && !isForgotten(each, sighting));
  return {
    members: {
      format: 1,
      present: byZone(hosts),
      missing: lost.toSorted((a, b) => b.since - a.since).slice(0, MISSING_LIMIT),
    },
    gone: new Set(away.filter(each => each.ec2 === 'terminated').map(({host}) => host)),
  };
};

const zonesOf = ({present}: Members): ReadonlyMap<string, string> =>
  new Map(Object.entries(present).flatMap(([zone, hosts]) => hosts.map(host => [host, zone] as const)));

const byZone = (hosts: readonly HostStatus[]): Members['present'] => {
  const zones = new Map<string, string[]>();
  for (const {instance, zone} of hosts.slice(0, PRESENT_LIMIT)) {
    const here = zones.get(zone) ?? [];
    zones.set(zone, here);
    here.push(instance);
  }
  const named = [...zones].map(([zone, here]) => [zone, here.toSorted()] as const);
  return Object.fromEntries(named.toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

// The holder of a permit may be out of service for as long as nobody knows better.
const isForgotten = ({host, since, ec2}: Missing, {holders, now}: Sighting): boolean =>
  (ec2 === 'none' || ec2 === 'absent') && now - since >= GRACE_MS && !holders.includes(host);
