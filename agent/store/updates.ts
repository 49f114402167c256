import {reasonText} from '../core/reason.ts';
import {reasonOf} from '../core/reason-error.ts';
import {backoff, pause} from '../host/pause.ts';
import type {Entry, WatchUpdate} from '../ports.ts';

export interface WatchSource {
  /** The entries: right away when `fresh`, else once something may have changed since the last call. */
  next(options: {readonly fresh: boolean}, signal: AbortSignal): Promise<readonly Entry[]>;
  /** the longest wait between attempts while the store does not answer */
  readonly maxBackoffMs: number;
  close?(): void;
}

const FIRST_BACKOFF_MS = 200;

/**
 * The updates of one watch: the state as it is, each later state whose versions differ, `lost` at the begin of an outage
 * and whenever its reason changes, and the state again after it. Ends when the signal is aborted.
 */
export async function* updates(
  open: () => WatchSource,
  signal: AbortSignal,
): AsyncGenerator<WatchUpdate, void> {
  if (signal.aborted) return;
  const source = open();
  try {
    yield* updatesOf(source, signal);
  } finally {
    source.close?.();
  }
}

async function* updatesOf(source: WatchSource, signal: AbortSignal): AsyncGenerator<WatchUpdate, void> {
  let seen: string | undefined;
  let failures = 0;
  let told = '';
  while (!signal.aborted) {
    try {
      const entries = await source.next({fresh: seen === undefined}, signal);
      failures = 0;
      told = '';
      const mark = markOf(entries);
      if (mark === seen || signal.aborted) continue;
      seen = mark;
      yield {type: 'value', entries};
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      seen = undefined;
      const cause = reasonOf(error);
      if (reasonText(cause) !== told) yield {type: 'lost', cause};
      told = reasonText(cause);
      await pause(
        backoff({tries: failures - 1, baseMs: FIRST_BACKOFF_MS, capMs: source.maxBackoffMs}),
        signal,
      );
    }
  }
}

/** Equal for equal states: every key with its version. */
export const markOf = (entries: readonly Entry[]): string =>
  entries.map(({key, version}) => `${key}=${version}`).join('\n');
