import type {Permit} from '../../../agent/core/fleet/ledger.ts';
import type {ReportedOutcome} from '../../../agent/core/host/status.ts';
import {type Invariant, isRestored} from './invariant.ts';

/**
 * A permit stays out until its host says what became of it, or is terminated. One that is stuck keeps it. After a restore the
 * ledger knows what it knew then: that is nobody's doing.
 */
export const freed: Invariant = (world, fail) => {
  const restored = isRestored(world);
  const told = new Map<string, ReportedOutcome>();
  const free = ({host, fence}: Permit): void => {
    const machine = world.machines.get(host);
    if (machine?.power === 'terminated') return;
    const outcome = told.get(host);
    if (!outcome || !isOver(outcome, fence))
      fail(`the permit ${fence} of ${host} is free, which said ${JSON.stringify(outcome ?? null)}`);
    if (machine?.state?.permit === fence && !restored())
      fail(`the permit ${fence} of ${host} is free, which goes by it`);
  };
  return event => {
    if (event.type === 'status' && event.status.outcome)
      told.set(event.status.instance, event.status.outcome);
    if (event.type !== 'ledger') return;
    const kept = new Map(event.after.permits.map(({host, fence}) => [host, fence]));
    for (const permit of event.before.permits) if ((kept.get(permit.host) ?? 0) < permit.fence) free(permit);
  };
};

const isOver = ({fence, result}: ReportedOutcome, of: number): boolean =>
  fence > of || (fence === of && result !== 'stuck');
