import {noticeOf} from '../../core/fleet/call/notice.ts';
import type {Ledger} from '../../core/fleet/ledger.ts';
import type {Keys} from '../../core/keys.ts';
import type {Log, Store} from '../../ports.ts';
import {createAside} from '../aside.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly log: Log;
}

/** Writes what this ledger says to every host, when that is new. Never throws. */
export type Announce = (ledger: Ledger, signal: AbortSignal) => Promise<void>;

/** Keeps the notice equal to the ledger. One that cannot be written is said once: hosts that find none read the ledger itself. */
export const createAnnouncement = ({store, keys, log}: Parts): Announce => {
  let written: string | null = null;
  const aside = createAside(
    log,
    `why hosts wait is not told them (${keys.notice}), and they read the ledger`,
  );
  const write = async (value: string, signal: AbortSignal): Promise<void> => {
    written ??= (await store.get(keys.notice, signal))?.value ?? '';
    if (value === written) return;
    written = null; // until the store has it for sure
    await store.put(keys.notice, value, 'any', signal);
    written = value;
  };
  return (ledger, signal) => aside(() => write(JSON.stringify(noticeOf(ledger)), signal), signal);
};
