import type {Reason} from '../../agent/core/reason.ts';
import {createHindrances} from '../../agent/runtime/hindrances.ts';
import {createJournalHealth, type JournalHealth} from '../../agent/runtime/journal-health.ts';
import {createStoreHealth} from '../../agent/runtime/store-health.ts';
import {createTidy} from '../../agent/runtime/tidy.ts';
import {createTroubles, type Troubles} from '../../agent/runtime/troubles.ts';
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
