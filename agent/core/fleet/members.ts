import * as v from 'valibot';
import {type DocumentReading, momentSchema, readDocument} from '../document.ts';
import type {HostStatus} from '../host/status.ts';

/** A host that was there and is not seen any more. It may come back: until it is known to be gone it is a member. */
export interface Missing {
  readonly host: string;
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
  readonly present: readonly string[];
  readonly missing: readonly Missing[];
}

export const NO_MEMBERS: Members = {format: 1, present: [], missing: []};

/** Without EC2, and where EC2 knows nothing of an instance (any more), a host is gone after this long. */
export const GRACE_MS = 600_000;

const MISSING_LIMIT = 200;
const PRESENT_LIMIT = 8_000;

const text = v.string();
const missing = v.object({host: text, since: momentSchema, rollout: v.nullable(text), ec2: text});
const schema = v.object({format: v.literal(1), present: v.array(text), missing: v.array(missing)});

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
  const names = new Set([...known.keys(), ...before.present, ...holders]);
  const away = [...names]
    .filter(host => !seen.has(host))
    .map((host): Missing => {
      const {since, rollout: last, ec2: said} = known.get(host) ?? {since: now, rollout, ec2: 'unknown'};
      return {host, since, rollout: last, ec2: ec2.get(host) ?? said};
    });
  const lost = away.filter(each => each.ec2 !== 'terminated' && !isForgotten(each, sighting));
  return {
    members: {
      format: 1,
      present: [...seen].toSorted().slice(0, PRESENT_LIMIT),
      missing: lost.toSorted((a, b) => b.since - a.since).slice(0, MISSING_LIMIT),
    },
    gone: new Set(away.filter(each => each.ec2 === 'terminated').map(({host}) => host)),
  };
};

// The holder of a permit may be out of service for as long as nobody knows better.
const isForgotten = ({host, since, ec2}: Missing, {holders, now}: Sighting): boolean =>
  (ec2 === 'none' || ec2 === 'absent') && now - since >= GRACE_MS && !holders.includes(host);
