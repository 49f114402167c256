import type {OptionName, Values} from '../options/options.ts';
import type {Rule} from './rule.ts';
import {VOLUME_RULES} from './volume.ts';

const scheme = ({'install.git.url': url}: Values): string | undefined => url?.split(':')[0];

const onlyFor = (name: OptionName, wanted: string): Rule => ({
  names: [name, 'install.git.url'],
  broken: ({values}) =>
    values[name] !== undefined && values['install.git.url'] !== undefined && scheme(values) !== wanted
      ? {expected: `an install.git.url that begins with ${wanted}:// with it`}
      : null,
});

/** How releases come onto the host. */
export const INSTALL_RULES: readonly Rule[] = [
  {
    names: ['install.git.url'],
    broken: ({values, tables}) => {
      if (values['install.git.url'] !== undefined) return null;
      if (tables.has('install.git')) return {expected: 'the address of the repository'};
      return tables.has('install.ebs')
        ? null
        : {expected: '[install.git] with a url, [install.ebs], or both', got: 'neither'};
    },
  },
  onlyFor('install.git.credential-file', 'https'),
  onlyFor('install.git.ssh-key-file', 'ssh'),
  onlyFor('install.git.known-hosts-file', 'ssh'),
  {
    names: ['install.git.proxy', 'install.git.url'],
    broken: ({values}) =>
      values['install.git.proxy'] !== undefined && !['http', 'https', undefined].includes(scheme(values))
        ? {expected: 'an install.git.url that begins with https:// or http:// with it'}
        : null,
  },
  {
    names: ['install.git.proxy-credential-file', 'install.git.proxy'],
    broken: ({values}) =>
      values['install.git.proxy-credential-file'] !== undefined && values['install.git.proxy'] === undefined
        ? {expected: 'an install.git.proxy with it'}
        : null,
  },
  ...VOLUME_RULES,
  {
    names: ['identity.region', 'imds'],
    broken: ({values, tables}) =>
      values.imds === null && tables.has('install.ebs') && values['identity.region'] === undefined
        ? {expected: 'the AWS region, because imds is "off" and [install.ebs] is there'}
        : null,
  },
  {
    names: ['identity.zone', 'imds'],
    broken: ({values, tables}) =>
      values.imds === null && tables.has('install.ebs') && values['identity.zone'] === undefined
        ? {expected: 'the availability zone, because imds is "off" and [install.ebs] is there'}
        : null,
  },
];
