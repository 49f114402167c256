import type {StatusReport} from '../control/protocol.ts';
import {shortId} from '../core/release.ts';
import {advice} from './advice.ts';
import {age} from './age.ts';
import {wrap} from './layout.ts';
import {isBehind, isSettled, requestText} from './report.ts';

/** The text of `agentctl why`: what runs, what should, why they differ, what happens next and what can be done. */
export const whyText = (report: StatusReport): string => {
  const paragraphs = [
    [runs(report), should(report)],
    isSettled(report) && report.reason === null ? [] : [now(report), ...because(report)],
    isSettled(report) && report.reason === null ? [] : advice(report),
    kept(report),
    report.store.ok || report.reason?.kind.startsWith('store.') ? [] : [lost(report)],
  ];
  return paragraphs
    .map(sentences => sentences.filter(sentence => sentence !== '').join(' '))
    .filter(text => text !== '')
    .map(text => wrap(text).join('\n'))
    .join('\n\n');
};

const runs = ({active, serving, out}: StatusReport): string => {
  if (!active) return 'Nothing runs on this host yet.';
  const where = serving
    ? 'in traffic with'
    : out
      ? 'out of traffic, taken out by the agent; it had'
      : 'not serving; it had';
  return `This host is ${where} ${shortId(active.release)}.`;
};

const should = (report: StatusReport): string => {
  const {desired, active, refusal} = report;
  if (!desired) return 'What it should run is not known.';
  if (desired.release === active?.release)
    return refusal ? 'That is the last desired release that could be read.' : 'That is the desired release.';
  return `It should run ${shortId(desired.release)}${requestText(report)}.`;
};

const now = ({step, since, now}: StatusReport): string => `Now: ${step}, for ${age(now - since)}.`;

const because = ({reason, refusal, hold}: StatusReport): readonly string[] => {
  const texts = new Set([reason?.text, refusal?.text].filter(text => text !== undefined));
  const said = [...texts].map(text => ended(`The reason: ${text}`));
  return hold && reason?.kind !== 'operator.hold'
    ? [...said, ended(`It will be held by ${hold.by}: ${hold.note}`)]
    : said;
};

/** What keeps the fleet's release from being proven: an operator who holds a host may have forgotten that it does. */
const kept = (report: StatusReport): readonly string[] => {
  const blocked = report.fleet?.blocked;
  if (!blocked?.kind.startsWith('rollout.')) return [];
  return [sentence(blocked.text), ...(isBehind(report) ? ['This host is one of them.'] : [])];
};

const lost = ({store}: StatusReport): string =>
  `${sentence(store.text ?? `The store ${store.name} does not answer`)} What runs here goes on running.`;

const sentence = (text: string): string => ended(`${text.charAt(0).toUpperCase()}${text.slice(1)}`);

// What programs and people say may have its full stop already.
const ended = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);
