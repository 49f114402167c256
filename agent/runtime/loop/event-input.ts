import type {Event, Stamp} from '../../core/host/event.ts';

type Unstamped<E> = E extends Event ? Omit<E, keyof Stamp> : never;

/** An event before its moment is known: the agent stamps it when it takes it up. */
export type Happening = Unstamped<Event>;
export type Dispatch = (happening: Happening) => void;
