import type {EbsSettings} from '../../../config/settings.ts';
import type {Ec2} from '../../../host/ec2/ec2.ts';
import type {Mounts} from '../../../host/mount/mounts.ts';
import type {Identity, Log, ReportBlocker} from '../../../ports.ts';
import type {DeviceNames} from './names.ts';
import type {Pace} from './pace.ts';
import type {Records} from './record.ts';

/** What every step of an EBS slot works with. */
export interface Context {
  readonly settings: EbsSettings;
  readonly identity: Identity;
  readonly app: string;
  readonly ec2: Ec2;
  readonly mounts: Mounts;
  readonly log: Log;
  readonly reportBlocker: ReportBlocker;
  readonly pace: Pace;
  readonly records: Records;
  readonly names: DeviceNames;
}
