import type {HostStatus} from '../host/status.ts';
import type {Ledger, Permit} from './ledger.ts';

interface View {
  readonly hosts: readonly HostStatus[];
  readonly now: number;
}

/**
 * The ledger with what it forgot. A store that was restored from an older snapshot knows less than the hosts: a permit that
 * a host believes it holds counts as out, and no fence is given twice.
 */
export const recall = (ledger: Ledger, {hosts, now}: View): Ledger => {
  const fence = Math.max(ledger.fence, ...hosts.map(lastFence));
  const claimed = hosts.flatMap(host => claimOf(ledger, host, now));
  if (fence === ledger.fence && claimed.length === 0) return ledger;
  const isClaimed = ({host}: Permit) => claimed.some(each => each.host === host);
  return {...ledger, fence, permits: [...ledger.permits.filter(each => !isClaimed(each)), ...claimed]};
};

const lastFence = ({permit, outcome}: HostStatus): number => Math.max(0, permit ?? 0, outcome?.fence ?? 0);

/** The permit that a host holds and the ledger does not know of. */
const claimOf = ({permits, rollout}: Ledger, host: HostStatus, now: number): readonly Permit[] => {
  const {instance, permit: fence, outcome, wants} = host;
  if (fence === null || !rollout) return [];
  const isOver = outcome !== null && outcome.fence >= fence && outcome.result !== 'stuck';
  const known = permits.find(permit => permit.host === instance);
  if (isOver || (known !== undefined && known.fence >= fence)) return [];
  const {release, version} = wants ?? rollout;
  return [{host: instance, fence, release, version, since: now}];
};
