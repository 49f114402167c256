import type {OptionName} from '../options/options.ts';
import type {Leaf} from './merge.ts';

/** Instance tags by key, only those that are there; null when the instance shows none to its metadata service. */
export type Tags = Readonly<Record<string, string>> | null;

/** The instance tags that set an option; they win over the files, so that one image can be many things. */
export const TAG_OPTIONS = {
  'release-agent:app': 'app',
  'release-agent:channel': 'channel',
  'release-agent:role': 'role',
  'release-agent:canary': 'canary',
} as const satisfies Readonly<Record<string, OptionName>>;

export type TagKey = keyof typeof TAG_OPTIONS;
export const TAG_KEYS = Object.keys(TAG_OPTIONS) as readonly TagKey[];

/** The tag that sets an option. */
export const tagOf = (option: TaggedOption): TagKey => `release-agent:${option}`;
export type TaggedOption = (typeof TAG_OPTIONS)[TagKey];

// A tag is text, where a file has a truth value.
const flagOf = (value: string): string | boolean =>
  value === 'true' ? true : value === 'false' ? false : value;

/** The options of the files with those that instance tags set laid over them. An empty tag sets nothing. */
export const applyTags = (
  options: ReadonlyMap<OptionName, Leaf>,
  tags: Tags,
): ReadonlyMap<OptionName, Leaf> => {
  const tagged = new Map(options);
  for (const key of TAG_KEYS) {
    const value = tags?.[key]?.trim();
    if (value) tagged.set(TAG_OPTIONS[key], {file: `the instance tag ${key}`, value: flagOf(value)});
  }
  return tagged;
};
