import {setTimeout as sleep} from 'node:timers/promises';

export interface Wait {
  /** what is waited for, after "waited 20 s for …" */
  readonly what: string;
  readonly done: () => boolean | Promise<boolean>;
  /** how things stand instead, for the error */
  readonly instead: () => string;
  readonly timeoutMs: number;
}

const EVERY_MS = 50;

/** Returns once `done` says so; throws an error that says how things stand after `timeoutMs`. */
export const until = async ({what, done, instead, timeoutMs}: Wait, signal?: AbortSignal): Promise<void> => {
  const end = performance.now() + timeoutMs;
  while (!(await done())) {
    if (performance.now() > end)
      throw new Error(`waited ${timeoutMs / 1000} s for ${what}, but ${instead()}`);
    await sleep(EVERY_MS, undefined, {...(signal && {signal})});
  }
};
