import type {Rule} from './rule.ts';

const missing = (name: 'app' | 'channel'): Rule => ({
  names: [name],
  broken: ({values}) =>
    values[name] === undefined
      ? {expected: `a name, or the instance tag release-agent:${name}`, got: 'neither'}
      : null,
});

/** Who the host is. */
export const IDENTITY_RULES: readonly Rule[] = [
  missing('app'),
  missing('channel'),
  {
    names: ['role'],
    broken: ({values, roles}) =>
      values.role === undefined && roles.size > 0
        ? {
            expected: `one of ${[...roles.keys()].join(', ')}, or the instance tag release-agent:role`,
            got: 'neither',
          }
        : null,
  },
  {
    names: ['identity.instance', 'imds'],
    broken: ({values}) =>
      values.imds === null && values['identity.instance'] === undefined
        ? {expected: 'the name of this host, because imds is "off"'}
        : null,
  },
];
