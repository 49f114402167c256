import {readFile, rm} from 'node:fs/promises';
import {endProcess, isRunning, type RunningProcess, signalProcess, startProcess} from './process.ts';
import {until} from './until.ts';
import type {VmFiles} from './vm-command.ts';
import {createGuest, type Guest} from './vm-guest.ts';
import {connectRpc, type Rpc} from './vm-rpc.ts';

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
    until({what: `QEMU to listen at ${path}`}, async () => {
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

/** Pulls the plug. Not QMP's `quit`: that closes the disk in good order, and the drive's volatile cache would survive. */
export const powerOff = async ({process, qmp, agent}: Power): Promise<void> => {
  signalProcess(process, 'SIGKILL');
  const {child} = process;
  // A killed leader thread looks gone while others still hold the disk's lock; the parent hears of the end of them all.
  await until({what: 'QEMU to end'}, () => child.exitCode !== null || child.signalCode !== null);
  for (const rpc of [qmp, agent]) rpc.close();
};
