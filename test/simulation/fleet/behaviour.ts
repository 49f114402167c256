import {hashOf} from '../random.ts';

/** How a release behaves, and where. A host it is bad on fails its probes, or does not start it. */
export type Behaviour =
  | {readonly kind: 'good'}
  /** nobody can stage it */
  | {readonly kind: 'not-there'}
  /** it does not start */
  | {readonly kind: 'bad-start'}
  /** it never passes its gate */
  | {readonly kind: 'bad-gate'}
  /** it passes its gate, and fails so many ms after it was started */
  | {readonly kind: 'bad-bake'; readonly afterMs: number}
  /** it never passes its gate on this share of the hosts */
  | {readonly kind: 'half-bad'; readonly share: number}
  /** it never passes its gate in this zone */
  | {readonly kind: 'bad-in-zone'; readonly zone: string}
  /** it fails while less than this share of the hosts are in traffic */
  | {readonly kind: 'bad-under-load'; readonly share: number};

export interface Where {
  readonly instance: string;
  readonly zone: string;
}

/** True when the release cannot work on this host, however often it is tried. */
export const isBadOn = (behaviour: Behaviour, id: string, {instance, zone}: Where): boolean => {
  switch (behaviour.kind) {
    case 'good':
    case 'bad-under-load':
      return false;
    case 'half-bad':
      return hashOf(`${instance} ${id}`) / 2 ** 32 < behaviour.share;
    case 'bad-in-zone':
      return zone === behaviour.zone;
    default:
      return true;
  }
};

interface Moment extends Where {
  /** since it was started, ms */
  readonly ageMs: number;
  /** the share of the hosts that are in traffic */
  readonly load: number;
}

/** Whether it answers its probes. */
export const isHealthyOn = (behaviour: Behaviour, id: string, moment: Moment): boolean => {
  switch (behaviour.kind) {
    case 'bad-bake':
      return moment.ageMs < behaviour.afterMs;
    case 'bad-under-load':
      return moment.load >= behaviour.share;
    default:
      return !isBadOn(behaviour, id, moment);
  }
};
