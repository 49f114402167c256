import type {LedgerWritten, WorldEvent} from '../fleet/world.ts';
import {type Invariant, isRestored} from './invariant.ts';

type StateTaken = Extract<WorldEvent, {readonly type: 'state'}>;

/** No fence is given twice, and no host leaves traffic with one whose outcome it has told. */
export const fences: Invariant = (world, fail) => {
  const restored = isRestored(world);
  const given = new Map<number, string>();
  const give = ({granted}: LedgerWritten): void => {
    for (const {host, fence} of granted) {
      const other = given.get(fence);
      if (other !== undefined && other !== host && !restored())
        fail(`the fence ${fence} of ${other} is given to ${host}`);
      given.set(fence, host);
    }
  };
  const leave = ({machine: {instance}, after: {permit, outcome}}: StateTaken): void => {
    if (permit === null || permit <= (outcome?.fence ?? 0))
      fail(`${instance} leaves with the permit ${permit}, and told what became of ${outcome?.fence}`);
    else if (given.get(permit) !== instance && !restored())
      fail(`${instance} leaves with the permit ${permit}, which is not its own`);
  };
  return event => {
    if (event.type === 'ledger') give(event);
    if (event.type === 'state' && event.after.phase === 'draining' && event.before.phase === 'waiting')
      leave(event);
  };
};
