import type {OptionName} from '../options/options.ts';
import type {Rule, Whole} from './rule.ts';

/** A table that is there must have this option in it. */
const needs = (name: OptionName, table: string, expected: string): Rule => ({
  names: [name],
  broken: ({values, tables}: Whole) => (tables.has(table) && values[name] === undefined ? {expected} : null),
});

const DRAIN = [
  'traffic.drain.port',
  'traffic.drain.ports',
  'traffic.drain.counter',
] as const satisfies readonly OptionName[];

const looksAtNothing = ({values}: Whole): boolean => DRAIN.every(name => values[name] === undefined);

const portsOf = ({values}: Whole): readonly number[] =>
  values['traffic.drain.ports'] ?? [values['traffic.drain.port'] ?? []].flat();

/** True when the address is one of the application's ports, asked with TLS. */
const isTlsOf = (address: string | undefined, whole: Whole): boolean => {
  if (address === undefined) return false;
  const {protocol, port} = new URL(address);
  return protocol === 'https:' && portsOf(whole).includes(Number(port || 443));
};

const DRAIN_RULES: readonly Rule[] = [
  {
    names: [...DRAIN, 'traffic.drain.protocol'],
    broken: whole =>
      (whole.tables.has('traffic.consul') || whole.tables.has('traffic.commands')) &&
      whole.values['traffic.drain.protocol'] !== 'none' &&
      looksAtNothing(whole)
        ? {
            expected:
              "the application's port, or traffic.drain.counter, for requests in flight to be waited for",
            hint: 'where nothing has to be waited for, write traffic.drain.protocol = "none"',
          }
        : null,
  },
  {
    names: ['traffic.drain.protocol', ...DRAIN],
    broken: whole =>
      whole.values['traffic.drain.protocol'] === 'none' && !looksAtNothing(whole)
        ? {expected: '"opaque" or "http1", because there is a port or a counter to look at'}
        : null,
  },
  {
    names: ['traffic.drain.protocol', 'gate.http', ...DRAIN],
    broken: whole =>
      whole.values['traffic.drain.protocol'] === 'http1' &&
      (isTlsOf(whole.values['gate.http'], whole) || isTlsOf(whole.values['traffic.drain.counter'], whole))
        ? {
            expected:
              '"opaque", because the port is asked by https: behind TLS no request is told from its answer',
          }
        : null,
  },
];

/** How the host leaves traffic and comes back. */
export const TRAFFIC_RULES: readonly Rule[] = [
  needs(
    'traffic.consul.service',
    'traffic.consul',
    "the name of this host's service in Consul, or the id of its instance here",
  ),
  needs('traffic.commands.leave', 'traffic.commands', 'the program that takes this host out of traffic'),
  needs('traffic.commands.rejoin', 'traffic.commands', 'the program that brings this host back into traffic'),
  {
    names: ['traffic.drain.port', 'traffic.drain.ports'],
    broken: ({values}) =>
      values['traffic.drain.port'] !== undefined && values['traffic.drain.ports'] !== undefined
        ? {expected: 'either port or ports', got: 'both'}
        : null,
  },
  {
    names: ['traffic.drain.quiet', 'traffic.drain.timeout'],
    broken: ({values}) =>
      values['traffic.drain.timeout'] > 0 && values['traffic.drain.quiet'] > values['traffic.drain.timeout']
        ? {expected: 'at most traffic.drain.timeout'}
        : null,
  },
  ...DRAIN_RULES,
];
