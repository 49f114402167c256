import type {OptionName, Values} from '../options/options.ts';
import type {Rule} from './rule.ts';

const FOR_CONSUL = ['consul.token-file', 'consul.ca-file', 'consul.cert-file', 'consul.key-file'] as const;
const FOR_TLS: ReadonlySet<OptionName> = new Set(['consul.ca-file', 'consul.cert-file', 'consul.key-file']);

const usesTls = ({store}: Values): boolean => store.kind === 'consul' && store.url.startsWith('https:');

const used = (name: (typeof FOR_CONSUL)[number]): Rule => ({
  names: [name, 'store'],
  broken: ({values}) => {
    if (values[name] === undefined) return null;
    if (FOR_TLS.has(name))
      return usesTls(values) ? null : {expected: 'a store of the form consuls://… with it'};
    const forTraffic = values['traffic.consul.service'] !== undefined;
    return values.store.kind === 'consul' || forTraffic
      ? null
      : {expected: 'a store of the form consul://… with it'};
  },
});

const together = (name: (typeof FOR_CONSUL)[number], other: (typeof FOR_CONSUL)[number]): Rule => ({
  names: [name, other],
  broken: ({values}) =>
    values[name] === undefined && values[other] !== undefined
      ? {expected: `a file, because ${other} is set`}
      : null,
});

/** Where the store is, and what it needs. */
export const STORE_RULES: readonly Rule[] = [
  ...FOR_CONSUL.map(used),
  together('consul.cert-file', 'consul.key-file'),
  together('consul.key-file', 'consul.cert-file'),
];
