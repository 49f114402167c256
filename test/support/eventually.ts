import {until} from './until.ts';

/**
 * Repeats an assertion or question until it neither throws nor gives `false`/`undefined`, and returns what it gave.
 * After `timeoutMs` an error says what was waited for, with the last error as its cause.
 */
export const eventually = async <T>(
  what: string,
  ask: () => T | Promise<T>,
  {timeoutMs = 10_000, everyMs = 25}: {timeoutMs?: number; everyMs?: number} = {},
): Promise<Exclude<T, false | undefined>> => {
  let last: unknown;
  const answer = async (): Promise<T | undefined> => {
    last = undefined;
    try {
      return await ask();
    } catch (error) {
      last = error;
      return undefined;
    }
  };
  try {
    return (await until({what, timeoutMs, everyMs}, answer)) as Exclude<T, false | undefined>;
  } catch (error) {
    throw new Error((error as Error).message, {cause: last});
  }
};
