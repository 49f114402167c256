import type {EbsSettings} from '../../config/settings.ts';
import type {Ec2} from '../../host/ec2/ec2.ts';
import type {Mounts} from '../../host/mount/mounts.ts';
import type {Hinder, Identity, Log} from '../../ports.ts';
import type {Pace} from './pace.ts';
import type {Records} from './record.ts';
import type {DeviceNames} from './volume/names.ts';

/** What every step of an EBS slot works with. */
export interface Context {
  readonly settings: EbsSettings;
  readonly identity: Identity;
  readonly app: string;
  readonly ec2: Ec2;
  readonly mounts: Mounts;
  readonly log: Log;
  readonly hinder: Hinder;
  readonly pace: Pace;
  readonly records: Records;
  readonly names: DeviceNames;
}
