import {type Standing, standingOf} from '../../../core/fleet/operate/standing.ts';
import type {FleetView} from '../../../core/fleet/plan.ts';
import {EXIT} from '../../terminal.ts';

/** The exit code of a rollout that has ended; null while it goes on. */
export const outcomeOf = (view: FleetView): number | null => {
  const standing = standingOf(view);
  if (standing === 'proven' || standing === 'partial') return EXIT.ok;
  return FAILED.includes(standing) && isSettled(view) ? EXIT.failed : null;
};

const FAILED: readonly Standing[] = ['halted', 'denied', 'reverted'];

/** Nobody is out who could still come to an end: a host that is stuck, or not seen, keeps its permit. */
const isSettled = ({ledger: {permits}, hosts}: FleetView): boolean => {
  const seen = new Map(hosts.map(host => [host.instance, host]));
  return permits.every(({host, fence}) => {
    const status = seen.get(host);
    return !status || (status.outcome?.fence === fence && status.outcome.result === 'stuck');
  });
};
