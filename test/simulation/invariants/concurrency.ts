import {type Invariant, isRestored} from './invariant.ts';
import {forcedOf, policiesOf} from './past.ts';
import {membersOf, share} from './size.ts';

/** Never more permits out than the policy allows when one is given. One is always allowed, and hosts nobody waits for don't count. */
export const concurrency: Invariant = (world, fail) => {
  const restored = isRestored(world);
  const policies = policiesOf(world);
  const forced = forcedOf(world);
  return event => {
    if (event.type !== 'ledger' || event.granted.length === 0 || restored()) return;
    const {after} = event;
    const unforced = forced();
    const size = membersOf(world, after).size;
    const limit = Math.max(1, ...policies().map(policy => Math.floor(share(policy.concurrency, size))));
    const out = after.permits.filter(({host}) => !unforced.has(host)).length;
    if (out > limit) fail(`${out} permits are out, and ${limit} of ${size} hosts may be`);
  };
};
