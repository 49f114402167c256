import {setTimeout as sleep} from 'node:timers/promises';

/** Asks `ask` until it gives something other than undefined or false; after `timeoutMs` an error names `what`. */
export const until = async <T>(
  {what, timeoutMs = 15_000, everyMs = 20}: {what: string; timeoutMs?: number; everyMs?: number},
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  signal?: AbortSignal,
): Promise<T> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await sleep(everyMs, undefined, signal ? {signal} : {});
  }
};
