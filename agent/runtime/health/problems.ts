import type {State} from '../../core/host/state.ts';
import {isServing, whyNot} from '../../core/host/why.ts';
import {type Reason, reasonText} from '../../core/reason.ts';
import type {Cleanup} from '../effects/cleanup.ts';
import type {Blockers} from './blockers.ts';
import type {JournalHealth} from './journal.ts';
import type {StoreHealth} from './store.ts';

interface Parts {
  readonly journal: JournalHealth;
  readonly blockers: Blockers;
  readonly unhealthy: () => Reason | null;
  /** why a host that serves gets no traffic */
  readonly hidden: () => Reason | null;
  readonly cleanup: Cleanup;
  readonly store: StoreHealth;
}

export interface Problems {
  /** Everything that is in the way of a host in this state, the gravest first; what another one says already is left out. */
  of(state: State): readonly Reason[];
  /** why its states are not durable; null while they are */
  journal(): Reason | null;
  /** what is in the way besides its state: the gravest */
  readonly lesser: () => Reason | null;
  /** what its work waits for right now */
  blocker(state: State): Reason | null;
}

/** Puts together what is wrong with this host, from everyone who knows something. */
export const createProblems = ({journal, blockers, unhealthy, hidden, cleanup, store}: Parts): Problems => ({
  of: state =>
    [
      journal.lost(),
      blockers.current(state) ?? whyNot(state),
      isServing(state) ? unhealthy() : null,
      hidden(),
      cleanup.left(),
      store.lost(),
    ]
      .filter(cause => cause !== null)
      .filter(
        (cause, place, all) => !all.some((other, at) => at !== place && says(other, cause, at < place)),
      ),
  journal: journal.lost,
  lesser: () => unhealthy() ?? hidden() ?? cleanup.left(),
  blocker: blockers.current,
});

const says = (other: Reason, cause: Reason, isEarlier: boolean): boolean => {
  const [whole, part] = [reasonText(other), reasonText(cause)];
  return whole === part ? isEarlier : whole.includes(part);
};
