import type {HostStatus} from '../host/status.ts';
import type {Ledger, Permit} from './ledger.ts';

interface View {
  readonly hosts: readonly HostStatus[];
  readonly restored?: {readonly fence: number} | null;
  readonly now: number;
}

/**
 * The ledger with what it forgot. A store that was restored from an older snapshot knows less than the hosts: a permit that
 * a host believes it holds counts as out, and no fence is given twice.
 */
export const recall = (ledger: Ledger, {hosts, restored, now}: View): Ledger => {
  let fence = Math.max(ledger.fence, restored?.fence ?? 0);
  const claims: HostStatus[] = [];
  for (const host of hosts) {
    fence = Math.max(fence, lastFence(host));
    if (host.permit !== null) claims.push(host);
  }
  const known = new Map(claims.length === 0 ? [] : ledger.permits.map(permit => [permit.host, permit]));
  const claimed = claims.flatMap(host => claimOf(ledger, known.get(host.instance), host, now));
  if (fence === ledger.fence && claimed.length === 0) return ledger;
  const claimants = new Set(claimed.map(({host}) => host));
  return {
    ...ledger,
    fence,
    permits: [...ledger.permits.filter(({host}) => !claimants.has(host)), ...claimed],
  };
};

const lastFence = ({permit, outcome}: HostStatus): number => Math.max(permit ?? 0, outcome?.fence ?? 0);

/** The permit that a host holds and the ledger does not know of. */
const claimOf = (
  {rollout}: Ledger,
  known: Permit | undefined,
  host: HostStatus,
  now: number,
): readonly Permit[] => {
  const {instance, permit: fence, outcome, wants} = host;
  if (fence === null || !rollout) return [];
  const isOver = outcome !== null && outcome.fence >= fence && outcome.result !== 'stuck';
  if (isOver || (known !== undefined && known.fence >= fence)) return [];
  const {release, version} = wants ?? rollout;
  return [{host: instance, fence, release, version, since: now}];
};
