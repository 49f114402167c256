import {mkdir, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {endProcess, isRunning, type RunningProcess, signalProcess, startProcess} from './process.ts';
import {must} from './run.ts';
import {until} from './until.ts';
import {type VmFiles, vmCommand} from './vm-command.ts';
import {type Attachment, attachment, PORTS, plug, unplug} from './vm-ebs.ts';
import {createGuest, type Guest, guestReady} from './vm-guest.ts';
import type {VmImage} from './vm-image.ts';
import {type VmNetwork, wireNetwork} from './vm-network.ts';
import {acceleration} from './vm-prepare.ts';
import {connectRpc, type Rpc} from './vm-rpc.ts';

/** An EC2 instance to the letter: its own kernel, NVMe volumes that come and go, and a power cord. */
export interface Vm extends Guest {
  readonly name: string;
  /** QEMU's monitor, while the machine is powered */
  qmp(): Rpc;
  /** Powers the machine on and waits until commands can be run in it. Attached volumes still are. */
  boot(): Promise<void>;
  /** Pulls the plug: what the guest did not fsync is lost. */
  powerCut(): Promise<void>;
  /** Hot-plugs a volume; `imageFile` is a raw image or a block device. */
  attach(volumeId: string, imageFile: string): Promise<void>;
  /** Unplugs a volume once it is unmounted; an error, and still attached, past the deadline (30 s). */
  detach(volumeId: string, options?: {readonly timeoutMs?: number}): Promise<void>;
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

interface Power {
  readonly process: RunningProcess;
  readonly qmp: Rpc;
  readonly agent: Rpc;
  readonly guest: Guest;
}

/** Starts a machine on a copy-on-write overlay of the image and boots it; the image itself is never written. */
export const startVm = async (options: VmOptions): Promise<Vm> => {
  const {name, image, dir, memoryMb = 1024, bootTimeoutMs = 120_000} = options;
  const folder = join(dir, name);
  await mkdir(folder, {recursive: true});
  const files = filesIn(folder);
  await must(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', image.disk, '-F', 'raw', files.overlay]);
  const network = await wireNetwork(options.network);
  const volumes = new Map<string, Attachment>();
  let power: Power | undefined;

  const powered = (): Power => {
    if (power === undefined) throw new Error(`${name} has no power`);
    return power;
  };
  const boot = async (): Promise<void> => {
    if (power !== undefined) throw new Error(`${name} has power already`);
    const attached = [...volumes.values()];
    const command = {name, image, files, network, attached, memoryMb, acceleration: acceleration()};
    const argv = vmCommand({...command, namespace: options.network.namespace});
    power = await powerOn(argv, files);
    await guestReady(power.agent, {timeoutMs: bootTimeoutMs}).catch(async cause => {
      throw new Error(`${name} did not boot; its console: ${(await shown(files)).slice(-1500)}`, {cause});
    });
  };
  const powerCut = async (): Promise<void> => {
    const {process, qmp, agent} = powered();
    power = undefined;
    // Not QMP's `quit`: that closes the disk in good order, and the drive's volatile cache would survive.
    signalProcess(process, 'SIGKILL');
    await ended(process);
    for (const rpc of [qmp, agent]) rpc.close();
  };
  const down = async (): Promise<void> => {
    if (power !== undefined) await powerCut();
    await network.undo();
    await rm(folder, {recursive: true, force: true});
  };
  const vm: Vm = {
    name,
    qmp: () => powered().qmp,
    boot,
    powerCut,
    exec: (argv, how) => powered().guest.exec(argv, how),
    must: (argv, how) => powered().guest.must(argv, how),
    attach: async (volumeId, imageFile) => {
      const volume = await attachment({volumeId, imageFile}, freePort(volumes, volumeId));
      volumes.set(volumeId, volume);
      if (power === undefined) return;
      await plug(power.qmp, volume).catch(error => {
        volumes.delete(volumeId);
        throw error;
      });
    },
    detach: async (volumeId, {timeoutMs = 30_000} = {}) => {
      if (!volumes.has(volumeId)) throw new Error(`${volumeId} is not attached to ${name}`);
      if (power !== undefined) await unplug(power.qmp, power.guest, volumeId, {timeoutMs});
      volumes.delete(volumeId);
    },
    console: () => shown(files),
    down,
  };
  await boot().catch(async error => {
    await down();
    throw error;
  });
  return vm;
};

const filesIn = (folder: string): VmFiles => ({
  overlay: join(folder, 'overlay.qcow2'),
  console: join(folder, 'console.log'),
  qmp: join(folder, 'qmp'),
  agent: join(folder, 'agent'),
});

const powerOn = async (argv: readonly string[], files: VmFiles): Promise<Power> => {
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

// A killed leader thread looks gone while others still hold the disk's lock; its parent hears of the end of them all.
const ended = ({child}: RunningProcess): Promise<boolean> =>
  until({what: 'QEMU to end'}, () => child.exitCode !== null || child.signalCode !== null);

const shown = (files: VmFiles): Promise<string> => readFile(files.console, 'utf8').catch(() => '');

const freePort = (volumes: ReadonlyMap<string, Attachment>, volumeId: string): string => {
  if (volumes.has(volumeId)) throw new Error(`${volumeId} is attached already`);
  const taken = new Set([...volumes.values()].map(({port}) => port));
  const free = PORTS.find(port => !taken.has(port));
  if (free === undefined) throw new Error(`all ${PORTS.length} volume slots are taken`);
  return free;
};
