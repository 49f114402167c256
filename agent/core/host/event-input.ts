import type {Event, Stamp} from './event.ts';

type Unstamped<E> = E extends Event ? Omit<E, keyof Stamp> : never;

/** An event before its moment is known: the agent stamps it when it takes it up. */
export type EventInput = Unstamped<Event>;
export type Dispatch = (input: EventInput) => void;
