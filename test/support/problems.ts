import type {Reason} from '../../agent/core/reason.ts';
import {systemClock} from '../../agent/host/clock.ts';
import {createCleanup} from '../../agent/runtime/effects/cleanup.ts';
import {createBlockers} from '../../agent/runtime/health/blockers.ts';
import {createJournalHealth, type JournalHealth} from '../../agent/runtime/health/journal.ts';
import {createProblems, type Problems} from '../../agent/runtime/health/problems.ts';
import {createStoreHealth} from '../../agent/runtime/health/store.ts';
import {keptLog} from './log.ts';

/** The problems of a host that has none but those given. */
export const someTroubles = ({
  unhealthy = null,
  journal,
}: {
  readonly unhealthy?: Reason | null;
  readonly journal?: JournalHealth;
} = {}): Problems => {
  const {log} = keptLog();
  return createProblems({
    journal: journal ?? createJournalHealth(log, systemClock),
    blockers: createBlockers(log),
    unhealthy: () => unhealthy,
    hidden: () => null,
    cleanup: createCleanup({installers: [], log, changed: () => undefined}),
    store: createStoreHealth('directory', log),
  });
};
