import type {VolumeFacts} from './facts.ts';

export interface NewVolume {
  readonly snapshot: string;
  readonly zone: string;
  readonly type: string;
  readonly iops?: number;
  readonly throughput?: number;
  readonly encrypted?: boolean;
  readonly kmsKey?: string;
  /** MiB/s, 100 to 300 */
  readonly initializationRate?: number;
  readonly tags: Readonly<Record<string, string>>;
  /** at most 64 ASCII characters; the same one gives the same volume again */
  readonly token: string;
  /** makes nothing: EC2 refuses with `DryRunOperation` what it would have done, with `UnauthorizedOperation` what it would not */
  readonly dryRun?: true;
}

export interface RestoreQuery {
  readonly snapshot: string;
  readonly zone: string;
}

export interface Attachment {
  readonly volume: string;
  readonly instance: string;
  readonly device: string;
}

/** One volume, or a page of those that have all of these tags; `next` comes from the page before. */
export type VolumeQuery =
  | {readonly id: string}
  | {readonly tags: Readonly<Record<string, string>>; readonly next: string | null};

export interface VolumePage {
  readonly volumes: readonly VolumeFacts[];
  readonly next: string | null;
}
