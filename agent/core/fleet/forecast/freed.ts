import type {Desired} from '../../desired.ts';
import {releaseId} from '../../release.ts';
import type {FleetView} from '../plan.ts';

/** The fleet when somebody asks for a release: no store gives this version. What was tried before keeps no host from it. */
export const bumped = (view: FleetView, desired: Omit<Desired, 'version'>): FleetView => ({
  ...view,
  desired: {...desired, version: 'forecast'},
  hosts: view.hosts.map(host =>
    host.reason?.kind === 'release.rejected-here' ? {...host, reason: null} : host,
  ),
});

/** The fleet without what operators can take out of the way: a freeze, a lock, a denied release, a message or a policy that is missing. */
export const freed = (view: FleetView): FleetView => {
  const {desired, ledger, policy} = view;
  const release = desired && releaseId(desired.release);
  return {
    ...view,
    unreadable: null,
    freeze: null,
    lock: null,
    policy: {...policy, requireMessage: false},
    ledger: {...ledger, denied: ledger.denied.filter(each => each !== release)},
  };
};
