import type {OptionName} from '../options/options.ts';
import type {Rule} from './rule.ts';

const PROBES = [
  'gate.http',
  'gate.tcp',
  'gate.command',
  'gate.unit',
] as const satisfies readonly OptionName[];

/** When a release counts as healthy. */
export const GATE_RULES: readonly Rule[] = [
  {
    names: PROBES,
    broken: ({values}) =>
      PROBES.every(name => values[name] === undefined)
        ? {expected: 'at least one probe: gate.http, gate.tcp, gate.command or gate.unit', got: 'none'}
        : null,
  },
  {
    names: ['gate.unit', 'activate.kind'],
    broken: ({values}) =>
      values['gate.unit'] !== undefined && values['activate.kind'] === 'process'
        ? {expected: 'activate.kind = "systemd" with it'}
        : null,
  },
  {
    names: ['gate.probe-timeout', 'gate.timeout'],
    broken: ({values}) =>
      values['gate.probe-timeout'] > values['gate.timeout'] ? {expected: 'at most gate.timeout'} : null,
  },
  {
    names: ['gate.timeout', 'gate.interval', 'gate.passes'],
    broken: ({values}) =>
      (values['gate.passes'] - 1) * values['gate.interval'] >= values['gate.timeout']
        ? {expected: 'enough time for gate.passes, each gate.interval after the last'}
        : null,
  },
  {
    names: ['gate.timeout', 'gate.interval', 'gate.fail-after'],
    broken: ({values}) =>
      ((values['gate.fail-after'] ?? 1) - 1) * values['gate.interval'] >= values['gate.timeout']
        ? {expected: 'enough time for gate.fail-after, each gate.interval after the last'}
        : null,
  },
];
