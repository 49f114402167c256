import type {Fragments} from '../../config/fragments/fragments.ts';
import {imdsAddress, readSettings, type SettingsReading} from '../../config/load.ts';
import type {Problem} from '../../config/options/problem.ts';

/** What the instance tags will say, as far as it is told on the command line. */
export interface GivenNames {
  readonly app?: string;
  readonly channel?: string;
  readonly role?: string;
}

export interface Read {
  readonly reading: SettingsReading;
  /** names that only the instance tags can give, and that stand for themselves here */
  readonly assumed: readonly string[];
}

// On an image that is being made nobody knows the instance tags yet: names that only they can give are assumed.
const ASSUMED = {app: 'app', channel: 'channel'} as const;

/** Fragments → settings, without an instance to ask for its tags. */
export const readAssuming = (fragments: Fragments, {app, channel, role}: GivenNames): Read => {
  const given = Object.entries({app, channel, role}).filter(([, value]) => value !== undefined);
  const tags = Object.fromEntries(given.map(([name, value]) => [`release-agent:${name}`, String(value)]));
  const reading = readSettings({fragments, tags, asked: false});
  const missing = reading.ok ? [] : reading.problems.filter(onlyTagged).map(({name}) => name);
  if (imdsAddress(fragments) === null || missing.length === 0) return {reading, assumed: []};
  const more = missing.map(name => [`release-agent:${name}`, ASSUMED[name as keyof typeof ASSUMED]]);
  const all = {...tags, ...Object.fromEntries(more)};
  return {reading: readSettings({fragments, tags: all, asked: false}), assumed: missing};
};

const onlyTagged = ({name, file, got}: Problem): boolean =>
  Object.hasOwn(ASSUMED, name) && file === null && got === 'neither';
