import type {OptionName} from '../options/options.ts';
import type {Rule, Whole} from './rule.ts';

/** A table that is there must have this option in it. */
const needs = (name: OptionName, table: string, expected: string): Rule => ({
  names: [name],
  broken: ({values, tables}: Whole) => (tables.has(table) && values[name] === undefined ? {expected} : null),
});

/** How the host leaves traffic and comes back. */
export const TRAFFIC_RULES: readonly Rule[] = [
  needs('traffic.consul.service', 'traffic.consul', "the id of this host's service in Consul"),
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
];
