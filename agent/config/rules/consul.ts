import {compact} from '../compact.ts';
import type {OptionName, Values} from '../options/options.ts';
import type {ConsulPlace} from '../settings.ts';
import type {Rule, Whole} from './rule.ts';

const FILES = ['ca-file', 'cert-file', 'key-file'] as const;
const DEFAULT_URL = 'http://127.0.0.1:8500';

/** Where the store in Consul is; undefined for another store. */
export const storePlace = ({store, ...values}: Values): ConsulPlace | undefined =>
  store.kind === 'consul'
    ? {
        url: store.url,
        ...compact({
          tokenFile: values['consul.token-file'],
          caFile: values['consul.ca-file'],
          certFile: values['consul.cert-file'],
          keyFile: values['consul.key-file'],
        }),
      }
    : undefined;

/**
 * The agent of Consul on this host, which knows its services. What [traffic.consul] does not tell is that of the store: its address
 * where that is on this host, and the files of [consul].
 */
export const trafficPlace = (values: Values): ConsulPlace => {
  const url = trafficUrl(values);
  return {
    url,
    ...compact({tokenFile: values['traffic.consul.token-file'] ?? values['consul.token-file']}),
    ...(isTls(url) &&
      compact({
        caFile: values['traffic.consul.ca-file'] ?? values['consul.ca-file'],
        certFile: values['traffic.consul.cert-file'] ?? values['consul.cert-file'],
        keyFile: values['traffic.consul.key-file'] ?? values['consul.key-file'],
      })),
  };
};

const trafficUrl = (values: Values): string => {
  const {store, 'traffic.consul.url': told} = values;
  return told ?? (store.kind === 'consul' && isHere(store.url) ? store.url : DEFAULT_URL);
};

const isTls = (url: string): boolean => url.startsWith('https:');

const isHere = (url: string): boolean =>
  url.startsWith('unix:') || /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(new URL(url).hostname);

const forTraffic = ({tables}: Whole): boolean => tables.has('traffic.consul');

const TOKEN_USED: Rule = {
  names: ['consul.token-file', 'store'],
  broken: whole =>
    whole.values['consul.token-file'] === undefined ||
    whole.values.store.kind === 'consul' ||
    forTraffic(whole)
      ? null
      : {expected: 'a store of the form consul://… with it'},
};

const fileUsed = (file: (typeof FILES)[number]): Rule => ({
  names: [`consul.${file}`, 'store', 'traffic.consul.url'],
  broken: whole => {
    const {values} = whole;
    const {store} = values;
    const used =
      (store.kind === 'consul' && isTls(store.url)) || (forTraffic(whole) && isTls(trafficUrl(values)));
    return values[`consul.${file}`] === undefined || used
      ? null
      : {expected: 'a store of the form consuls://… with it'};
  },
});

const trafficFileUsed = (file: (typeof FILES)[number]): Rule => ({
  names: [`traffic.consul.${file}`, 'store', 'traffic.consul.url'],
  broken: ({values}) =>
    values[`traffic.consul.${file}`] === undefined || isTls(trafficUrl(values))
      ? null
      : {expected: 'a traffic.consul.url of the form https://… with it'},
});

const together = (name: OptionName, other: OptionName): Rule => ({
  names: [name, other],
  broken: ({values}) =>
    values[name] === undefined && values[other] !== undefined
      ? {expected: `a file, because ${other} is set`}
      : null,
});

/** Where Consul is, for the store and for traffic, and what it needs. */
export const CONSUL_RULES: readonly Rule[] = [
  TOKEN_USED,
  ...FILES.map(fileUsed),
  ...FILES.map(trafficFileUsed),
  together('consul.cert-file', 'consul.key-file'),
  together('consul.key-file', 'consul.cert-file'),
  together('traffic.consul.cert-file', 'traffic.consul.key-file'),
  together('traffic.consul.key-file', 'traffic.consul.cert-file'),
];
