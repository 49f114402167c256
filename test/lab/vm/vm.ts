import {mkdir, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {must} from '../run.ts';
import {type VmFiles, vmCommand} from './command.ts';
import {type Guest, guestReady} from './guest.ts';
import type {VmImage} from './image.ts';
import {type VmNetwork, wireNetwork} from './network.ts';
import {type Power, powerOff, powerOn} from './power.ts';
import {acceleration} from './prepare.ts';
import type {Rpc} from './rpc.ts';
import {createVolumes, type Volumes} from './volumes.ts';

/** An EC2 instance to the letter: its own kernel, NVMe volumes that come and go, and a power cord. */
export interface Vm extends Guest, Volumes {
  readonly name: string;
  /** QEMU's monitor, while the machine is powered */
  qmp(): Rpc;
  /** Powers the machine on and waits until commands can be run in it and it has its address, which is before its units are all up. Attached volumes still are. */
  boot(): Promise<void>;
  /** Pulls the plug: what the guest did not fsync is lost, what its drives acknowledged is kept. */
  powerCut(): Promise<void>;
  /** Everything the serial console showed, over all boots. */
  console(): Promise<string>;
  /** Ends the machine and removes what it left. */
  down(): Promise<void>;
}

export interface VmOptions {
  readonly name: string;
  readonly image: VmImage;
  readonly network: VmNetwork;
  /** a folder of the caller's for the overlay, sockets and console; its path is short (unix sockets: 108 bytes) */
  readonly dir: string;
  readonly memoryMb?: number;
  readonly bootTimeoutMs?: number;
}

/** Starts a machine on a copy-on-write overlay of the image and boots it; the image itself is never written. */
export const startVm = async (options: VmOptions): Promise<Vm> => {
  const {name, image, dir, memoryMb = 1024, bootTimeoutMs = 240_000} = options;
  const folder = join(dir, name);
  await mkdir(folder, {recursive: true});
  const files = filesIn(folder);
  await must(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', image.disk, '-F', 'raw', files.overlay]);
  const network = await wireNetwork(options.network);
  let power: Power | undefined;
  const volumes = createVolumes(name, () => power);
  const powered = (): Power => {
    if (power === undefined) throw new Error(`${name} has no power`);
    return power;
  };
  const {namespace} = options.network;
  const boot = async (): Promise<void> => {
    if (power !== undefined) throw new Error(`${name} has power already`);
    const [attached, accel] = [volumes.attached(), acceleration()];
    const command = {name, namespace, image, files, network, attached, memoryMb, acceleration: accel};
    power = await powerOn(vmCommand(command), files);
    await guestReady(power, {timeoutMs: bootTimeoutMs}).catch(async cause => {
      throw new Error(`${name} did not boot; its console: ${(await shown(files)).slice(-1500)}`, {cause});
    });
  };
  const powerCut = async (): Promise<void> => {
    const on = powered();
    power = undefined;
    await powerOff(on);
  };
  const down = async (): Promise<void> => {
    if (power !== undefined) await powerCut();
    await network.undo();
    await rm(folder, {recursive: true, force: true});
  };
  await boot().catch(async error => {
    await down();
    throw error;
  });
  const guest: Guest = {
    exec: (argv, how) => powered().guest.exec(argv, how),
    must: (argv, how) => powered().guest.must(argv, how),
  };
  const qmp = (): Rpc => powered().qmp;
  return {name, ...guest, ...volumes, qmp, boot, powerCut, console: () => shown(files), down};
};

const filesIn = (folder: string): VmFiles => ({
  overlay: join(folder, 'overlay.qcow2'),
  console: join(folder, 'console.log'),
  qmp: join(folder, 'qmp'),
  agent: join(folder, 'agent'),
});

const shown = (files: VmFiles): Promise<string> => readFile(files.console, 'utf8').catch(() => '');
