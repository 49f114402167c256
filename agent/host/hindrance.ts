import type {Reason} from '../core/reason.ts';
import type {Hinder} from '../ports.ts';

/** For adapters that nobody listens to. */
export const hinderNobody: Hinder = () => undefined;

interface Waiting {
  /** who waits */
  readonly user: string;
  readonly hinder: Hinder;
  /** what to tell once it has taken so many seconds; null for nothing (yet) */
  readonly cause: (seconds: number) => Reason | null;
  readonly everyMs?: number;
}

const EVERY_MS = 10_000;

/** Runs work that may take long, tells every `everyMs` (10 s) what it waits for, and takes that back when it ends. */
export const tellWhileWaiting = async <T>(
  {user, hinder, cause, everyMs = EVERY_MS}: Waiting,
  work: () => Promise<T>,
): Promise<T> => {
  const began = performance.now();
  const tell = (): void => hinder(user, cause(Math.round((performance.now() - began) / 1_000)));
  const timer = setInterval(tell, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    hinder(user, null);
  }
};
