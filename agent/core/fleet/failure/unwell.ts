/** Hosts that got a release of a rollout, gave their permit back, and then fail their probes: what no host's own bake has seen. */
import type {HostStatus} from '../../host/status.ts';
import type {Failure, Ledger} from '../ledger.ts';

interface View {
  readonly hosts: readonly HostStatus[];
  /** ms since the epoch */
  readonly now: number;
}

/** So long may a host be unwell: an application that is started again by its own unit is no failure of a rollout. */
export const UNWELL_MS = 60_000;

/**
 * The ledger with the time since when such hosts are unwell; after `UNWELL_MS` each of them counts as a failed one. A release that is
 * proven is nobody's rollout any more.
 */
export const noteUnwell = (ledger: Ledger, {hosts, now}: View): Ledger => {
  const {rollout, failures, proven} = ledger;
  if (!rollout || rollout.release === proven) return ledger;
  const counted = new Set(failures.map(({host}) => host));
  const unwell = hosts.filter(host => isUnwell(host, rollout.release) && !counted.has(host.instance));
  const since = unwell.length === 0 ? null : (rollout.unwell ?? now);
  if (since !== null && now - since >= UNWELL_MS)
    return {
      ...ledger,
      rollout: {...rollout, unwell: null},
      failures: [...failures, ...unwell.map(failureOf)],
    };
  return since === rollout.unwell ? ledger : {...ledger, rollout: {...rollout, unwell: since}};
};

const isUnwell = ({active, serving, phase, permit, reason}: HostStatus, release: string): boolean =>
  active === release && phase === 'serving' && !serving && permit === null && reason !== null;

const failureOf = ({instance, outcome, reason}: HostStatus): Failure => ({
  host: instance,
  fence: outcome?.fence ?? 0,
  cause: reason,
});

/** When hosts will have been unwell for too long, ms since the epoch. */
export const unwellAt = ({rollout}: Ledger): number | null =>
  rollout === null || rollout.unwell === null ? null : rollout.unwell + UNWELL_MS;
