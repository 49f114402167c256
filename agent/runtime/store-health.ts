import {type Reason, reasonText} from '../core/reason.ts';
import type {Log} from '../ports.ts';

export interface StoreHealth {
  readonly name: string;
  /** why the store does not answer; null while it does */
  lost(): Reason | null;
  /** Notes what a watch or a call found; says so once per change. */
  note(cause: Reason | null): void;
}

/** Remembers whether the store answers, for `agentctl status` and the log. */
export const createStoreHealth = (name: string, log: Log): StoreHealth => {
  let lost: Reason | null = null;
  return {
    name,
    lost: () => lost,
    note: cause => {
      if (cause && !lost) log.warning(`${reasonText(cause)}; what runs goes on running`);
      if (!cause && lost) log.info(`the store ${name} answers again`);
      lost = cause;
    },
  };
};
