/** Who tells what waits to be told: an event is claimed in the store before it is sent, and stays there until it was. */
import type {EventKind, FleetEvent} from './event.ts';
import type {Pending, Told} from './told.ts';

/** The webhooks that want to hear of a kind of event, by name. */
export type Listeners = (kind: EventKind) => readonly string[];

/** Events that nobody tells are this instance's to tell, and so are those of instances that are not heard of any more. */
export const claim = (told: Told, instance: string, silent: readonly string[] = []): Told =>
  changeEach(told, pending =>
    pending.by === null || silent.includes(pending.by) ? {...pending, by: instance} : pending,
  );

/** What this instance has not told is anybody's. */
export const disclaim = (told: Told, instance: string): Told =>
  changeEach(told, pending => (pending.by === instance ? {...pending, by: null} : pending));

/** True while this instance is the one that tells the event. */
export const isClaimed = ({pending}: Told, id: string, instance: string): boolean =>
  pending.some(({event, by}) => event.id === id && by === instance);

/** A webhook needs nothing more of an event. */
export const settle = (told: Told, {id}: Pick<FleetEvent, 'id'>, webhook: string): Told =>
  changeEach(told, pending =>
    pending.event.id === id && !pending.done.includes(webhook)
      ? {...pending, done: [...pending.done, webhook]}
      : pending,
  );

/** What every webhook that wants it has, or nobody wants, waits no longer. */
export const forgetDone = (told: Told, listeners: Listeners): Told => {
  const pending = told.pending.filter(
    ({event, done}) => !listeners(event.kind).every(name => done.includes(name)),
  );
  return pending.length === told.pending.length ? told : {...told, pending};
};

const changeEach = (told: Told, change: (pending: Pending) => Pending): Told => ({
  ...told,
  pending: told.pending.map(change),
});
