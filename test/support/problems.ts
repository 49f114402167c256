import type {Reason} from '../../agent/core/reason.ts';
import {createTidy} from '../../agent/runtime/effects/cleanup.ts';
import {createHindrances} from '../../agent/runtime/health/blockers.ts';
import {createJournalHealth, type JournalHealth} from '../../agent/runtime/health/journal.ts';
import {createTroubles, type Troubles} from '../../agent/runtime/health/problems.ts';
import {createStoreHealth} from '../../agent/runtime/health/store.ts';
import {keptLog} from './log.ts';

/** The troubles of a host that has none but those given. */
export const someTroubles = ({
  unhealthy = null,
  journal,
}: {
  readonly unhealthy?: Reason | null;
  readonly journal?: JournalHealth;
} = {}): Troubles => {
  const {log} = keptLog();
  return createTroubles({
    journal: journal ?? createJournalHealth(log),
    hindrances: createHindrances(log),
    unhealthy: () => unhealthy,
    tidy: createTidy({installers: [], log, changed: () => undefined}),
    store: createStoreHealth('directory', log),
  });
};
