import type {FleetEvent} from '../core/fleet/telling/event.ts';
import {eventText} from '../core/fleet/telling/text.ts';
import {reasonText} from '../core/reason.ts';

/** Whose events they are: channels of many applications may tell the same people. */
export interface Fleet {
  readonly app: string;
  readonly channel: string;
}

/** An event as the body of a request: `docs/events-and-metrics.md` has the shape. */
export const bodyOf = (format: 'json' | 'slack', event: FleetEvent, fleet: Fleet): string =>
  JSON.stringify(format === 'slack' ? {text: slackText(event, fleet)} : documentOf(event, fleet));

const lineOf = (event: FleetEvent, {app, channel}: Fleet): string => `${app}/${channel}: ${eventText(event)}`;

// The three characters that begin and end mentions and links there, and would call the whole channel.
const slackText = (event: FleetEvent, fleet: Fleet): string =>
  lineOf(event, fleet).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const documentOf = (event: FleetEvent, fleet: Fleet) => {
  const {id, kind, at, rollout, wave, outcome, hosts, count, cause} = event;
  return {
    format: 1,
    id: `${fleet.app}/${fleet.channel}/${id}`,
    event: kind,
    at: new Date(at).toISOString(),
    ...{app: fleet.app, channel: fleet.channel, text: eventText(event), rollout, wave, outcome, hosts, count},
    reason: cause && {kind: cause.kind, text: reasonText(cause)},
  };
};
