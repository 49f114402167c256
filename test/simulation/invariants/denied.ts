import type {Ledger} from '../../../agent/core/fleet/ledger.ts';
import type {ReasonKind} from '../../../agent/core/reason.ts';
import type {LedgerWritten} from '../fleet/world.ts';
import {OPERATOR} from '../scenario/happen.ts';
import type {Invariant} from './invariant.ts';
import {policiesOf} from './past.ts';
import {membersOf, share} from './size.ts';

/** What says that a release is bad, in a simulated fleet. */
const BAD: readonly ReasonKind[] = ['gate.failed', 'bake.failed', 'unit.failed'];

/** A release that spent its budget by itself, on several hosts, is denied, unless it was proven once; a denied one is given to nobody. */
export const denied: Invariant = (world, fail) => {
  const policies = policiesOf(world);
  const proven = new Set<string>();
  /** what operators let be tried again, with the failures it had */
  const allowed = new Set<string>();
  const mostOf = (after: Ledger): number => {
    const size = membersOf(world, after).size;
    return Math.max(1, ...policies().map(policy => Math.floor(share(policy.budget, size))));
  };
  const note = ({by, before, after}: LedgerWritten): void => {
    if (after.proven !== null) proven.add(after.proven);
    if (by !== OPERATOR) return;
    for (const each of before.denied) if (!after.denied.includes(each)) allowed.add(each);
  };
  const isExcused = (release: string): boolean => proven.has(release) || allowed.has(release);
  return event => {
    if (event.type !== 'ledger') return;
    const {after, before} = event;
    note(event);
    for (const host of givenDenied(event, before)) fail(`${host} may begin what is denied`);
    const release = after.rollout?.release;
    if (release === undefined || isExcused(release) || after.denied.includes(release)) return;
    const count = badHosts(after);
    if (count > 1 && count >= mostOf(after)) fail(`${release} failed on ${count} hosts and is not denied`);
  };
};

const givenDenied = ({granted}: LedgerWritten, before: Ledger): readonly string[] =>
  granted.filter(({release}) => before.denied.includes(release)).map(({host}) => host);

const badHosts = ({failures}: Ledger): number =>
  new Set(failures.filter(({cause}) => cause && BAD.includes(cause.kind)).map(({host}) => host)).size;
