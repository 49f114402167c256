import type {Devices} from './devices.ts';
import {createFaults, type Faults} from './faults.ts';
import type {Moto} from './moto.ts';
import {refusal} from './request.ts';
import {createTokens, type Tokens} from './tokens.ts';

export type VolumeState = 'creating' | 'available' | 'in-use' | 'deleting' | 'error';
export type AttachmentState = 'attaching' | 'attached' | 'detaching' | 'busy';

export type Attachment = {
  readonly instanceId: string;
  readonly device: string;
  state: AttachmentState;
  deleteOnTermination: boolean;
  loop?: string;
};
export type Volume = {
  readonly id: string;
  readonly zone: string;
  readonly sizeGb: number;
  readonly snapshotId: string;
  readonly image: string;
  /** How long the first read of a block takes. */
  readonly coldMsPerBlock: number;
  /** the address that asked for it */
  readonly from?: string;
  state: VolumeState;
  attachment?: Attachment;
};
export type Snapshot = {
  readonly id: string;
  readonly image: string;
  readonly sizeGb: number;
  /** What DescribeSnapshots shows; change it to make a snapshot unfit. */
  state: 'pending' | 'completed' | 'error';
  tier: 'standard' | 'archive';
  ownerId?: string;
  /** Volumes made of it from now on are filled as they are read: how long that takes for 512 KiB. */
  coldMsPerBlock?: number;
  /** Zones in which it has fast snapshot restore. */
  readonly fastIn?: Set<string>;
};
export type Instance = {readonly id: string; readonly zone: string; readonly hiddenDevices: Set<string>};

/** How long the asynchronous steps take. */
export type Delays = {createMs: number; attachMs: number; detachMs: number; deleteMs: number};

export type Call = {
  readonly at: number;
  readonly action: string;
  readonly fields: ReadonlyMap<string, string>;
  outcome: string;
};

/** Everything the proxy knows beside moto. Only the actions under `actions/` change it. */
export type Cloud = {
  readonly moto: Moto;
  readonly devices: Devices;
  readonly images: string;
  readonly volumes: Map<string, Volume>;
  readonly snapshots: Map<string, Snapshot>;
  readonly instances: Map<string, Instance>;
  readonly tokens: Tokens;
  readonly faults: Faults;
  readonly delays: Delays;
  readonly calls: Call[];
  readonly later: (delayMs: number, work: () => Promise<void>) => void;
  /** Ends what `later` has under way; what had not begun never happens. */
  readonly settle: () => Promise<void>;
};

export const createCloud = ({moto, devices, images}: Pick<Cloud, 'moto' | 'devices' | 'images'>): Cloud => ({
  moto,
  devices,
  images,
  volumes: new Map(),
  snapshots: new Map(),
  instances: new Map(),
  tokens: createTokens(),
  faults: createFaults(),
  delays: {createMs: 200, attachMs: 200, detachMs: 100, deleteMs: 100},
  calls: [],
  ...createSchedule(),
});

/** The volume of this id, or the error EC2 gives for one it does not know. */
export const volumeOf = (cloud: Cloud, id: string | undefined): Volume => {
  const volume = cloud.volumes.get(id ?? '');
  if (volume === undefined) throw refusal('InvalidVolume.NotFound', `The volume '${id}' does not exist.`);
  return volume;
};

const createSchedule = (): Pick<Cloud, 'later' | 'settle'> => {
  const timers = new Set<NodeJS.Timeout>();
  const running = new Set<Promise<void>>();
  let over = false;
  const later = (delayMs: number, work: () => Promise<void>): void => {
    if (over) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      const job = work().catch(report);
      running.add(job);
      void job.finally(() => running.delete(job));
    }, delayMs);
    timers.add(timer);
  };
  const settle = async () => {
    over = true;
    for (const timer of timers) clearTimeout(timer);
    await Promise.all(running);
  };
  return {later, settle};
};

const report = (error: unknown): void => {
  process.stderr.write(`lab ec2: ${error}\n`);
};
