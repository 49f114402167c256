import {setTimeout as sleep} from 'node:timers/promises';
import type {RunResult} from '../run.ts';
import {NETWORK_UNIT} from './network.ts';
import {field, type Json, type Rpc} from './rpc.ts';

/** How a test looks and acts inside the machine, without a network: QEMU's own guest agent on a virtio-serial port. */
export interface Guest {
  /** Runs argv as root to its end; never throws for an exit code. */
  exec(
    argv: readonly string[],
    options?: {readonly timeoutMs?: number; readonly input?: string},
  ): Promise<RunResult>;
  /** As `exec`, but an exit code other than 0 is an error that quotes the last words; gives stdout. */
  must(
    argv: readonly string[],
    options?: {readonly timeoutMs?: number; readonly input?: string},
  ): Promise<string>;
}

/** Waits until the guest agent answers and the machine has its address. */
export const guestReady = async (
  {agent, guest}: {agent: Rpc; guest: Guest},
  {timeoutMs}: {timeoutMs: number},
): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  while (!(await answers(agent))) {
    if (agent.closed()) throw new Error('QEMU ended before the guest agent answered');
    if (Date.now() > deadline) throw new Error(`no guest agent within ${timeoutMs} ms`);
  }
  await guest.must(['systemctl', 'start', NETWORK_UNIT], {timeoutMs: deadline - Date.now()});
};

// What is asked before the guest opened its port may be lost, so it is asked again.
const answers = (agent: Rpc): Promise<boolean> =>
  agent.call('guest-ping', undefined, {timeoutMs: 1_000}).then(
    () => true,
    () => false,
  );

export const createGuest = (agent: Rpc): Guest => {
  const exec: Guest['exec'] = async (argv, {timeoutMs = 60_000, input} = {}) => {
    const [path = '', ...arg] = argv;
    const request = {
      path,
      arg,
      'capture-output': true,
      ...(input !== undefined && {'input-data': encode(input)}),
    };
    const pid = field(await agent.call('guest-exec', request), 'pid');
    const deadline = Date.now() + timeoutMs;
    for (let waitMs = 10; ; waitMs = Math.min(waitMs * 2, 250)) {
      const status = await agent.call('guest-exec-status', {pid});
      if (field(status, 'exited') === true) return result(status);
      if (Date.now() > deadline)
        throw new Error(`\`${argv.join(' ')}\` in the machine did not end within ${timeoutMs} ms`);
      await sleep(waitMs);
    }
  };
  const must: Guest['must'] = async (argv, options) => {
    const {code, stdout, stderr} = await exec(argv, options);
    if (code === 0) return stdout;
    throw new Error(
      `\`${argv.join(' ')}\` in the machine ended with ${code}: ${(stderr || stdout).trim().slice(-800)}`,
    );
  };
  return {exec, must};
};

// A process that a signal ended has `signal` in place of `exitcode`; shells count those from 128.
const result = (status: Json): RunResult => ({
  code: Number(field(status, 'exitcode') ?? 128 + Number(field(status, 'signal'))),
  stdout: decode(field(status, 'out-data')),
  stderr: decode(field(status, 'err-data')),
});

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (data: Json): string =>
  typeof data === 'string' ? Buffer.from(data, 'base64').toString() : '';
