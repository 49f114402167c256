/** An event in words. */
import {printable} from '../../printable.ts';
import {reasonText} from '../../reason.ts';
import {shortId} from '../../release.ts';
import type {EventKind, FleetEvent, Outcome} from './event.ts';

const LIMIT = 300;
const NAMED = 5;

/** The one line of an event, without a full stop: what people read, and what stands in the log. */
export const eventText = (event: FleetEvent): string => TEXTS[event.kind](event);

const TEXTS: {readonly [K in EventKind]: (event: FleetEvent) => string} = {
  'rollout-started': event => `${rolloutText(event)} started${askedText(event)}`,
  'wave-passed': event => `${rolloutText(event)}: ${waveText(event)} passed`,
  'host-rolled-back': event => `${rolloutText(event)}: ${hostsText(event)} went back${causeText(event)}`,
  'host-unwell': event =>
    `${rolloutText(event)}: ${hostsText(event)} ${event.count === 1 ? 'has it and fails its' : 'have it and fail their'} probes${causeText(event)}`,
  'rollout-halted': event => `${rolloutText(event)} is halted${causeText(event)}`,
  'rollout-reverted': event => `${rolloutText(event)} is taken back${causeText(event)}`,
  'fleet-steady': event => `${rolloutText(event)}: ${event.outcome ? OUTCOMES[event.outcome] : 'it is over'}`,
  'permit-stuck': event =>
    `${hostsText(event)} ${event.count === 1 ? 'is out and keeps its permit' : 'are out and keep their permits'}${causeText(event)}`,
  'host-lost': event =>
    `${hostsText(event)} ${event.count === 1 ? 'is' : 'are'} not seen any more${causeText(event)}`,
};

const OUTCOMES: {readonly [O in Outcome]: string} = {
  proven: 'every host serves it, and new instances boot it',
  partial: 'the part of the fleet that was asked for serves it',
  reverted: 'no host has it any more',
};

const rolloutText = ({rollout}: FleetEvent): string =>
  rollout
    ? `rollout ${rollout.number} ${rollout.way === 'back' ? 'back ' : ''}to ${shortId(rollout.release)}`
    : 'the fleet';

const askedText = ({rollout}: FleetEvent): string => {
  const {by, message} = {by: rollout?.by ?? null, message: rollout?.message ?? null};
  return `${by === null ? '' : ` by ${printable(by, LIMIT)}`}${message === null ? '' : `: ${printable(message, LIMIT)}`}`;
};

const waveText = ({wave}: FleetEvent): string =>
  wave ? `wave ${wave.number} of ${wave.of}${wave.name === null ? '' : ` (${wave.name})`}` : 'a wave';

const causeText = ({cause}: FleetEvent): string => (cause === null ? '' : `: ${reasonText(cause)}`);

const hostsText = ({hosts, count}: FleetEvent): string => {
  const named = hosts.slice(0, NAMED).join(', ');
  const more = count - Math.min(hosts.length, NAMED);
  return more === 0 ? named : `${named} and ${more} more`;
};
