import {type Reason, type ReasonKind, reasonText} from '../../core/reason.ts';
import type {Log} from '../../ports.ts';

export interface StoreHealth {
  readonly name: string;
  /** why the store does not answer, as it was found last; null while it does */
  lost(): Reason | null;
  /** Notes what one user of the store (a watch, the publisher) found; logged when it is of another kind than before. */
  note(user: string, cause: Reason | null): void;
  /** how often something failed since the agent started, by the kind of the reason */
  errors(): ReadonlyMap<ReasonKind, number>;
  /** The listener is called whenever what `lost` tells changes. */
  onChange(listener: () => void): void;
}

/** Remembers whether the store answers, for `agentctl status`, `STATUS=` and the log. */
export const createStoreHealth = (name: string, log: Log): StoreHealth => {
  const causes = new Map<string, Reason>();
  const errors = new Map<ReasonKind, number>();
  const listeners: (() => void)[] = [];
  const lost = (): Reason | null => [...causes.values()].at(-1) ?? null;
  return {
    name,
    lost,
    errors: () => errors,
    note: (user, cause) => {
      const before = lost();
      causes.delete(user); // the latest stands last
      if (cause) {
        causes.set(user, cause);
        errors.set(cause.kind, (errors.get(cause.kind) ?? 0) + 1);
      }
      const after = lost();
      if (after && after.kind !== before?.kind)
        log.warning(`${reasonText(after)}; what runs goes on running`);
      if (!after && before) log.info(`the store ${name} answers again`);
      if (textOf(after) !== textOf(before)) for (const listener of listeners) listener();
    },
    onChange: listener => {
      listeners.push(listener);
    },
  };
};

const textOf = (cause: Reason | null): string | null => cause && reasonText(cause);
