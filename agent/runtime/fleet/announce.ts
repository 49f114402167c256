import {type Notice, noticeOf, readNotice} from '../../core/fleet/call/notice.ts';
import {EMPTY_LEDGER, type Ledger} from '../../core/fleet/ledger.ts';
import type {Keys} from '../../core/keys.ts';
import type {Reason} from '../../core/reason.ts';
import type {Log, Store} from '../../ports.ts';
import {createAside} from '../aside.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly log: Log;
}

/** Neither throws. */
export interface Announcement {
  /** Writes what this ledger says to every host, when that is new. */
  ledger(ledger: Ledger, signal: AbortSignal): Promise<void>;
  /** Writes why there is no plan; the rest of the notice stays. */
  blocked(cause: Reason, signal: AbortSignal): Promise<void>;
}

/** Keeps the notice equal to the ledger. One that cannot be written is said once: hosts that find none read the ledger itself. */
export const createAnnouncement = ({store, keys, log}: Parts): Announcement => {
  let written: string | null = null;
  const aside = createAside(
    log,
    `why hosts wait is not told them (${keys.notice}), and they read the ledger`,
  );
  const known = async (signal: AbortSignal): Promise<string> => {
    written ??= (await store.get(keys.notice, signal))?.value ?? '';
    return written;
  };
  const write = async (notice: Notice, signal: AbortSignal): Promise<void> => {
    const value = JSON.stringify(notice);
    if (value === (await known(signal))) return;
    written = null; // until the store has it for sure
    await store.put(keys.notice, value, 'any', signal);
    written = value;
  };
  const block = async (cause: Reason, signal: AbortSignal): Promise<void> => {
    const last = readNotice(await known(signal));
    await write({...(last.ok ? last.value : noticeOf(EMPTY_LEDGER)), blocked: cause}, signal);
  };
  return {
    ledger: (ledger, signal) => aside(() => write(noticeOf(ledger), signal), signal),
    blocked: (cause, signal) => aside(() => block(cause, signal), signal),
  };
};
