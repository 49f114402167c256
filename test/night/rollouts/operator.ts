/** People who run the fleet: agentctl, from a machine that is no host and reaches Consul. */
import {fileURLToPath} from 'node:url';
import type {Region} from '../../lab/region.ts';
import {type RunResult, run} from '../../lab/run.ts';

export interface Operator {
  agentctl(...args: readonly string[]): Promise<RunResult>;
  /** What a verb with `--json` prints. */
  read<T>(...args: readonly string[]): Promise<T>;
  deploy(release: string, ...more: readonly string[]): Promise<RunResult>;
  /** Until the fleet stands still: its lines, and the exit code. */
  watch(...more: readonly string[]): Promise<RunResult>;
}

const AGENTCTL = fileURLToPath(new URL('../../../agent/agentctl.ts', import.meta.url));
const WATCH_S = 180;

/** An operator by a name, of a channel of the fleet. */
export const createOperator = ({consul}: Region, name: string, channel = 'production'): Operator => {
  const env = {
    RELEASE_AGENT_STORE: `${consul.address.replace('http:', 'consul:')}/release-agent`,
    RELEASE_AGENT_APP: 'web',
    RELEASE_AGENT_CHANNEL: channel,
    USER: name,
    SUDO_USER: '',
  };
  const agentctl: Operator['agentctl'] = (...args) =>
    run([process.execPath, AGENTCTL, ...args], {env, timeoutMs: (WATCH_S + 30) * 1_000});
  return {
    agentctl,
    read: async <T>(...args: readonly string[]) => {
      const {stdout, stderr} = await agentctl(...args, '--json');
      if (stdout === '') throw new Error(`agentctl ${args.join(' ')}: ${stderr}`);
      return JSON.parse(stdout) as T;
    },
    deploy: (release, ...more) => agentctl('deploy', release, '--message', 'for a test', '--yes', ...more),
    watch: (...more) => agentctl('watch', '--until', 'steady', '--timeout', `${WATCH_S}s`, ...more),
  };
};
