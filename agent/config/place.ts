/** What the files say of the store and of who they are for, whatever else is in them: all that a machine needs that only asks. */
import type {Fragments} from './fragments/fragments.ts';
import {type Leaf, mergeFragments} from './fragments/merge.ts';
import {applyTags, type Tags} from './fragments/tags.ts';
import {readValues} from './fragments/values.ts';
import {walk} from './fragments/walk.ts';
import {name as NAME, type OptionName} from './options/options.ts';
import {type Problem, problemsText, shown} from './options/problem.ts';
import {storeAddress} from './options/store.ts';
import {storePlace} from './rules/consul.ts';
import type {StoreSettings} from './settings.ts';

/** Where a fleet is found. */
export interface Place {
  readonly store: StoreSettings;
  readonly app: string;
  readonly channel: string;
}

export type PlaceReading =
  | {readonly ok: true; readonly place: Partial<Place>}
  | {readonly ok: false; readonly problems: string};

const LOOKED_AT: readonly OptionName[] = [
  'app',
  'channel',
  'store',
  'consul.token-file',
  'consul.ca-file',
  'consul.cert-file',
  'consul.key-file',
];

/** What files and instance tags say of the place; nothing where there are no files. */
export const readPlace = ({fragments, problems: unreadable}: Fragments, tags: Tags): PlaceReading => {
  if (unreadable.length > 0) return {ok: false, problems: problemsText(unreadable.map(shown))};
  if (fragments.length === 0) return {ok: true, place: {}};
  const options = applyTags(walk(mergeFragments(fragments)).options, tags);
  const mine = new Map<OptionName, Leaf>();
  for (const [name, leaf] of options) if (LOOKED_AT.includes(name)) mine.set(name, leaf);
  const problems: Problem[] = [];
  const values = readValues(mine, problems);
  if (problems.length > 0) return {ok: false, problems: problemsText(problems.map(shown))};
  const {app, channel, store} = values;
  return {
    ok: true,
    place: {
      store: store.kind === 'directory' ? store : {...store, ...storePlace(values)},
      ...(app !== undefined && {app}),
      ...(channel !== undefined && {channel}),
    },
  };
};

/** A store, app or channel as somebody typed it, or what was expected instead. */
export const readTyped = {
  store: (text: string) => typed(storeAddress, text),
  app: (text: string) => typed(NAME, text),
  channel: (text: string) => typed(NAME, text),
} as const;

interface TypedKind<T> {
  readonly expected: string;
  readonly read: (
    value: unknown,
  ) => {readonly ok: true; readonly value: T} | {readonly ok: false; readonly hint?: string};
}

const typed = <T>(
  {expected, read}: TypedKind<T>,
  text: string,
): {readonly ok: true; readonly value: T} | {readonly ok: false; readonly expected: string} => {
  const reading = read(text);
  if (reading.ok) return reading;
  return {ok: false, expected: reading.hint === undefined ? expected : `${expected} (${reading.hint})`};
};
