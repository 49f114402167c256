/** What a volume of EBS may be made with, as EC2 takes it. */
import {bad, good, type Kind, pattern} from './kind.ts';
import {show} from './problem.ts';

/** What EC2 allows in keys and values of tags ("Tag your Amazon EC2 resources"): letters, digits, blanks and these. */
const TEXT = /^[\p{L}\p{N}\p{Zs}+\-=._:/@]*$/u;
const KEY_LIMIT = 128;
const VALUE_LIMIT = 256;
/** EC2 takes 50, and four are the agent's. */
const TAG_LIMIT = 46;
/** AWS keeps the first for itself, the agent finds its volumes by the others. */
const RESERVED = /^(?:aws:|release-agent:|name$)/i;

/** Tags of volumes beside the agent's own. The first wrong one is named. */
export const volumeTags: Kind<Readonly<Record<string, string>>> = {
  expected: `a table of at most ${TAG_LIMIT} tags, such as {CostCenter = "4711"}`,
  read: value => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return bad;
    const tags = Object.entries(value);
    if (tags.length > TAG_LIMIT) return {ok: false, got: `${tags.length} tags`};
    for (const [key, text] of tags) {
      const expected = tagObjection(key, text);
      if (expected !== null) return {ok: false, expected, got: `${show(key)} = ${show(text)}`};
    }
    return good(value as Readonly<Record<string, string>>);
  },
};

const tagObjection = (key: string, text: unknown): string | null => {
  if (RESERVED.test(key))
    return 'keys other than Name, aws:… and release-agent:…, which are not yours to set';
  if (key.length < 1 || key.length > KEY_LIMIT || !TEXT.test(key))
    return `keys of 1 to ${KEY_LIMIT} letters, digits, blanks and + - = . _ : / @`;
  if (typeof text !== 'string' || text.length > VALUE_LIMIT || !TEXT.test(text))
    return `values in quotes of at most ${VALUE_LIMIT} letters, digits, blanks and + - = . _ : / @`;
  return null;
};

/** A key of KMS as CreateVolume takes it: its id, its ARN, an alias or the alias's ARN. */
export const kmsKey: Kind<string> = pattern(
  'a KMS key: its id, its ARN or "alias/name"',
  /^(?:arn:aws[a-z-]*:kms:[a-z0-9-]{3,30}:\d{12}:(?:key|alias)\/[\w/-]{1,256}|alias\/[\w/-]{1,250}|mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/,
);
