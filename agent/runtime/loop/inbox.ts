import type {EventType} from '../../core/host/event.ts';
import type {EventInput} from '../../core/host/event-input.ts';
import type {Reason} from '../../core/reason.ts';
import type {Clock} from '../../host/clock.ts';

/** Told what became of a request; gives false when nobody waits any more, so that it must not take effect. */
export type Answer = (cause: Reason | null) => boolean;

export interface Queued {
  readonly input: EventInput;
  readonly answer?: Answer;
}

export interface Inbox {
  add(queued: Queued): void;
  /** The oldest one, which also replaces what was put off of its type. */
  next(): Queued | undefined;
  /** Keeps it until `resume`: at most one of each type. */
  putOff(input: EventInput): void;
  /** What was put off comes before what happened since. */
  resume(): void;
  /** Until something is there, `ms` have passed (null: no limit) or the signal is aborted. */
  rest(ms: number | null, signal: AbortSignal): Promise<void>;
}

/** What happened and has not been handled yet, in order. One rests at a time. */
export const createInbox = (clock: Clock): Inbox => {
  const queue: Queued[] = [];
  const later = new Map<EventType, EventInput>();
  let wake: (() => void) | null = null;
  return {
    add: queued => {
      queue.push(queued);
      wake?.();
    },
    next: () => {
      const queued = queue.shift();
      if (queued) later.delete(queued.input.type);
      return queued;
    },
    putOff: input => {
      later.set(input.type, input);
    },
    resume: () => {
      queue.unshift(...[...later.values()].map(input => ({input})));
      later.clear();
    },
    rest: async (ms, signal) => {
      const {promise, resolve} = Promise.withResolvers<void>();
      wake = resolve;
      const cancel = ms === null ? null : clock.after(ms, resolve);
      const end = (): void => resolve();
      signal.addEventListener('abort', end, {once: true});
      if (!signal.aborted && queue.length === 0) await promise;
      signal.removeEventListener('abort', end);
      cancel?.();
      wake = null;
    },
  };
};
