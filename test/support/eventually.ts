import {setTimeout as sleep} from 'node:timers/promises';

interface Options {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  /** ends the waiting with an AbortError */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Repeats an assertion or question until it neither throws nor gives `false`/`undefined`, and returns what it gave.
 * After `timeoutMs` an error says what was waited for, with the last error as its cause.
 */
export const eventually = async <T>(
  what: string,
  ask: () => T | Promise<T>,
  {timeoutMs = 15_000, everyMs = 25, signal}: Options = {},
): Promise<Exclude<T, false | undefined>> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer as Exclude<T, false | undefined>;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`, {cause: last});
    await sleep(everyMs, undefined, signal ? {signal} : {});
  }
};
