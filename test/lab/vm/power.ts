import {readFile, rm} from 'node:fs/promises';
import {eventually} from '../../support/eventually.ts';
import {endProcess, isRunning, type RunningProcess, signalProcess, startProcess} from '../process.ts';
import type {VmFiles} from './command.ts';
import {createGuest, type Guest} from './guest.ts';
import {connectRpc, type Rpc} from './rpc.ts';

/** A running QEMU and how to speak to it and to what runs in it. */
export interface Power {
  readonly process: RunningProcess;
  /** QEMU's monitor */
  readonly qmp: Rpc;
  /** the guest agent's port; nobody answers until the guest has booted */
  readonly agent: Rpc;
  readonly guest: Guest;
}

/** Starts QEMU and connects to its sockets; an error quotes QEMU's last words. */
export const powerOn = async (argv: readonly string[], files: VmFiles): Promise<Power> => {
  for (const socket of [files.qmp, files.agent]) await rm(socket, {force: true});
  const log = `${files.console}.qemu`;
  const process = startProcess({argv, log});
  const open = (path: string): Promise<Rpc> =>
    eventually(`QEMU to listen at ${path}`, async () => {
      if (!isRunning(process))
        throw new Error(`QEMU ended: ${(await readFile(log, 'utf8')).trim().slice(-800)}`);
      return connectRpc(path).catch(() => undefined);
    });
  try {
    const [qmp, agent] = [await open(files.qmp), await open(files.agent)];
    await qmp.call('qmp_capabilities');
    return {process, qmp, agent, guest: createGuest(agent)};
  } catch (error) {
    await endProcess(process);
    throw error;
  }
};

/**
 * Pulls the plug: the guest's memory and page cache are gone, what its drives acknowledged stays, as on EBS. QMP's
 * `quit` and not SIGKILL: qcow2 keeps its cluster map in memory until a flush, and QEMU's NVMe acknowledges writes with
 * "force unit access" (a journal's commit block) without one, so that SIGKILL lost fsynced files (measured: 2 of 40).
 */
export const powerOff = async ({process, qmp, agent}: Power): Promise<void> => {
  const {child} = process;
  // A dead leader thread looks gone while others still hold the disk's lock; the parent hears of the end of them all.
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await qmp.call('quit').catch(() => {}); // it may end before it answers
  await eventually('QEMU to quit', hasEnded, {timeoutMs: 10_000}).catch(async () => {
    signalProcess(process, 'SIGKILL');
    await eventually('QEMU to end', hasEnded);
  });
  for (const rpc of [qmp, agent]) rpc.close();
};
