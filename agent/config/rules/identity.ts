import {type TaggedOption, type Tags, tagOf} from '../fragments/tags.ts';
import type {Rule} from './rule.ts';

const HIDDEN = 'the instance shows no tags to its metadata service';
/** What to do about tags that are not shown. */
const SHOW = {hint: 'switch on InstanceMetadataTags (aws ec2 modify-instance-metadata-options)'};

/** Neither in the files nor in a tag. */
const neither = (expected: string, imds: string | null, tags: Tags) =>
  imds === null || tags !== null
    ? {expected, got: 'neither'}
    : {expected, got: `neither: ${HIDDEN}`, ...SHOW};

const missing = (name: 'app' | 'channel'): Rule => ({
  names: [name, 'imds'],
  broken: ({values, tags}) =>
    values[name] === undefined
      ? neither(`a name, or the instance tag ${tagOf(name)}`, values.imds, tags)
      : null,
});

const absent = (options: readonly TaggedOption[], tags: Tags): string =>
  options
    .map(tagOf)
    .filter(key => !tags?.[key]?.trim())
    .join(', ');

/** Who the host is. */
export const IDENTITY_RULES: readonly Rule[] = [
  missing('app'),
  missing('channel'),
  {
    names: ['role', 'imds'],
    broken: ({values, roles, tags}) =>
      values.role === undefined && roles.size > 0
        ? neither(
            `one of ${[...roles.keys()].join(', ')}, or the instance tag ${tagOf('role')}`,
            values.imds,
            tags,
          )
        : null,
  },
  {
    names: ['required-tags', 'imds'],
    broken: ({values, tags, asked}) => {
      const required = values['required-tags'];
      if (values.imds === null && required.length > 0)
        return {expected: 'nothing: with imds = "off" there are no instance tags'};
      const missed = asked ? absent(required, tags) : '';
      if (missed === '') return null;
      const expected = `the instance tags ${required.map(tagOf).join(', ')}`;
      return tags === null ? {expected, got: HIDDEN, ...SHOW} : {expected, got: `no ${missed}`};
    },
  },
  {
    names: ['identity.instance', 'imds'],
    broken: ({values}) =>
      values.imds === null && values['identity.instance'] === undefined
        ? {expected: 'the name of this host, because imds is "off"'}
        : null,
  },
];
