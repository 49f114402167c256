import type {HostStatus} from '../host/status.ts';
import type {Ledger} from './ledger.ts';

interface View {
  readonly ledger: Ledger;
  readonly hosts: readonly HostStatus[];
}

/** The zone whose turn it is: the one of a host that is out, else the first with a host that waits; null when nobody does. */
export const zoneInTurn = ({ledger: {permits, rollout}, hosts}: View): string | null => {
  const version = rollout?.version;
  const out = new Set(permits.filter(permit => permit.version === version).map(({host}) => host));
  let first: string | null = null;
  for (const {instance, zone, wants} of hosts) {
    if (out.has(instance)) return zone;
    if (wants?.version === version && (first === null || zone < first)) first = zone;
  }
  return first;
};
