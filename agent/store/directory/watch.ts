import {jittered, pause} from '../../host/pause.ts';
import type {WatchSource} from '../updates.ts';
import type {Notifier} from './notify.ts';
import type {Reading} from './tree.ts';

const LOOK_EVERY_MS = 5_000;
/** `echo x > key` first empties the file: a change is read this long after it began to be told. */
const SETTLE_MS = 40;
/** Another file's change may have begun that: what is read empty is read again after this long. */
const EMPTY_MS = 150;

/** What `updates` needs for one watch: told by the notifier, and looking by itself every five seconds and at each expiry. */
export const directoryWatch = (
  notifier: Notifier,
  read: (signal: AbortSignal) => Promise<Reading>,
): WatchSource => {
  let expiresInMs = Number.POSITIVE_INFINITY;
  let told = false;
  let wake = (): void => {};
  const close = notifier.subscribe(() => {
    told = true;
    wake();
  });
  const change = async (signal: AbortSignal): Promise<void> => {
    const limitMs = Math.min(jittered(LOOK_EVERY_MS), expiresInMs + 1);
    const waiting = new AbortController();
    wake = () => waiting.abort();
    signal.addEventListener('abort', wake, {once: true});
    if (!told && !signal.aborted) await pause(limitMs, waiting.signal);
    signal.removeEventListener('abort', wake);
    if (told) await pause(SETTLE_MS, signal);
  };
  return {
    maxBackoffMs: LOOK_EVERY_MS,
    next: async ({fresh}, signal) => {
      if (!fresh) await change(signal);
      notifier.refresh();
      told = false;
      const reading = await readSettled(read, signal);
      expiresInMs = reading.expiresInMs;
      return reading.entries;
    },
    close,
  };
};

const readSettled = async (
  read: (signal: AbortSignal) => Promise<Reading>,
  signal: AbortSignal,
): Promise<Reading> => {
  const reading = await read(signal);
  if (reading.entries.every(({value}) => value !== '')) return reading;
  await pause(EMPTY_MS, signal);
  return read(signal);
};
