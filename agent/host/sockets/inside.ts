import process from 'node:process';
import {run} from '../process/process.ts';
import {endService, serviceArguments} from '../systemd/service.ts';
import type {Connection} from './connection.ts';
import {readProcSockets} from './proc.ts';
import {findSs} from './sockets.ts';
import {type RunSs, readSsSockets} from './ss.ts';

export interface Inside {
  /** a process whose network namespace is looked into */
  readonly pid: number;
  readonly ports: readonly number[];
  /** PID 1 enters it then: the agent's unit may not */
  readonly bySystemd: boolean;
}

/** As `readConnections`, in the network namespace of a process. Throws `child.*` reasons, also when the process is gone. */
export const readConnectionsInside = async (
  {pid, ports, bySystemd}: Inside,
  signal: AbortSignal,
): Promise<readonly Connection[]> => {
  const program = await findSs();
  if (program === null) return readProcSockets(ports, pid);
  return readSsSockets({program, ports, runSs: bySystemd ? asService(pid) : asChild(pid)}, signal);
};

const GRACE_MS = 1_000;
let count = 0;

// A host that shuts down starts nothing with the default dependencies.
const asService =
  (pid: number): RunSs =>
  async (command, limits, signal) => {
    count += 1;
    const unit = `release-agent-drain-${process.pid}-${count}.service`;
    const properties = {
      NetworkNamespacePath: `/proc/${pid}/ns/net`,
      DefaultDependencies: 'no',
      LogLevelMax: 'notice',
    };
    const args = serviceArguments({unit, command, limitMs: limits.timeoutMs, properties});
    try {
      return (await run('systemd-run', args, limits, signal)).stdout;
    } catch (error) {
      await endService(unit, {graceMs: GRACE_MS});
      throw error;
    }
  };

const asChild =
  (pid: number): RunSs =>
  async (command, limits, signal) =>
    (await run('nsenter', [`--net=/proc/${pid}/ns/net`, '--', ...command], limits, signal)).stdout;
