/** What people are told of a fleet, look after look. */
import type {Ledger} from '../../../../agent/core/fleet/ledger.ts';
import type {FleetView} from '../../../../agent/core/fleet/plan.ts';
import {EVENT_KINDS, type EventKind, type FleetEvent} from '../../../../agent/core/fleet/telling/event.ts';
import {noteTold} from '../../../../agent/core/fleet/telling/note.ts';
import {NOTHING_TOLD, readTold, type Told} from '../../../../agent/core/fleet/telling/told.ts';
import type {HostStatus} from '../../../../agent/core/host/status.ts';
import {rollout, view} from '../fleet.ts';

export const ALL: ReadonlySet<EventKind> = new Set(EVENT_KINDS);

/** What a coordinator sees: a ledger with the rollout of NEW unless told. */
export const see = (
  ledger: Partial<Ledger>,
  hosts: readonly HostStatus[] = [],
  more: Partial<FleetView> = {},
): FleetView => ({
  ...view(hosts),
  ledger: {...view([]).ledger, rollout: rollout(), ...ledger},
  now: 1_000,
  ...more,
});

/** Looks one after the other, each by a coordinator that knows only what is in the store; gives the events of each, told at once. */
export const tell = (...views: readonly FleetView[]): readonly (readonly FleetEvent[])[] =>
  tellFrom(NOTHING_TOLD, ...views).events;

export const tellFrom = (start: Told, ...views: readonly FleetView[]) => {
  let told = start;
  const events = views.map(each => {
    const noted = noteTold(told, each, ALL).told;
    told = reread({...noted, pending: []});
    return noted.pending.map(({event}) => event);
  });
  return {told, events};
};

/** As another coordinator reads it. */
export const reread = (told: Told): Told => {
  const reading = readTold(JSON.stringify(told));
  if (!reading.ok) throw new Error('a memory that cannot be read');
  return reading.value;
};

export const kinds = (events: readonly FleetEvent[] | undefined): readonly EventKind[] =>
  (events ?? []).map(({kind}) => kind);
