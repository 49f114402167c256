import type {Rule} from './rule.ts';

/** How a release becomes the running one. */
export const ACTIVATE_RULES: readonly Rule[] = [
  {
    names: ['activate.units', 'activate.kind'],
    broken: ({values, units}) =>
      values['activate.kind'] === 'systemd' && units.length === 0 && values['activate.script'] === undefined
        ? {expected: 'at least one unit of this role, or activate.script'}
        : null,
  },
  {
    names: ['activate.units', 'activate.kind'],
    broken: ({values, units}) =>
      values['activate.kind'] === 'process' && units.length > 0
        ? {expected: 'no units, because activate.kind is "process"', hint: 'write activate.command instead'}
        : null,
  },
  {
    names: ['activate.command', 'activate.kind'],
    broken: ({values, command}) =>
      values['activate.kind'] === 'process' && command === undefined
        ? {expected: 'a program and its arguments, because activate.kind is "process"'}
        : null,
  },
  {
    names: ['activate.command', 'activate.kind'],
    broken: ({values, command}) =>
      values['activate.kind'] === 'systemd' && command !== undefined
        ? {expected: 'no command, because activate.kind is "systemd"', hint: 'write activate.units instead'}
        : null,
  },
  {
    names: ['activate.on-stop', 'activate.kind'],
    broken: ({values}) =>
      values['activate.kind'] === 'systemd' && values['activate.on-stop'] !== undefined
        ? {
            expected: 'nothing, because activate.kind is "systemd"',
            hint: 'release-agent-leave.service takes the host out when it shuts down',
          }
        : null,
  },
  {
    names: ['activate.script-timeout', 'activate.timeout'],
    broken: ({values}) =>
      values['activate.script'] !== undefined &&
      values['activate.script-timeout'] > values['activate.timeout']
        ? {expected: 'at most activate.timeout'}
        : null,
  },
];
