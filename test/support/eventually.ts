import {setTimeout as sleep} from 'node:timers/promises';

/**
 * Repeats an assertion or question until it neither throws nor gives `false`/`undefined`, and returns what it gave.
 * Throws the last error (or says what was waited for) after `timeoutMs`.
 */
export const eventually = async <T>(
  what: string,
  ask: () => T | Promise<T>,
  {timeoutMs = 10_000, everyMs = 25}: {timeoutMs?: number; everyMs?: number} = {},
): Promise<Exclude<T, false | undefined>> => {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== false && answer !== undefined) return answer as Exclude<T, false | undefined>;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for: ${what}`, {cause: last});
    await sleep(everyMs);
  }
};
