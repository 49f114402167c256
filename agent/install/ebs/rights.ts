import type {EbsSettings} from '../../config/settings.ts';
import type {Reason} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
import type {Ec2} from '../../host/ec2/ec2.ts';
import {refusalCode} from '../../host/ec2/error.ts';
import type {Identity} from '../../ports.ts';
import {appTags} from './volume/tags.ts';
import {newVolume} from './volume/volume.ts';

interface Parts {
  readonly settings: EbsSettings;
  readonly identity: Identity;
  readonly app: string;
  readonly ec2: Ec2;
  /** of a release; without one CreateVolume is not tried: EC2 looks at the snapshot's tags */
  readonly snapshot: string | null;
}

/** An action that was not allowed, or could not be tried. */
export interface Untold {
  readonly action: string;
  readonly refused: boolean;
  readonly cause: Reason;
}

/** Well-formed, and nobody's: the right to look is asked for, not what is there. */
const NOBODYS = 'snap-00000000000000000';

/** Tries the EC2 rights that can be tried without effect: the calls that look, and CreateVolume as a dry run. */
export const tryRights = async (parts: Parts, signal: AbortSignal): Promise<readonly Untold[]> => {
  const {ec2, identity, app, snapshot} = parts;
  const found = await Promise.all([
    untold('ec2:DescribeInstances', ec2.instanceState(identity.instance, signal)),
    untold('ec2:DescribeSnapshots', ec2.snapshot(snapshot ?? NOBODYS, signal)),
    untold('ec2:DescribeVolumes', ec2.volumes(appTags(app), signal)),
    snapshot === null ? null : untold('ec2:CreateVolume', wouldCreate(parts, snapshot, signal)),
  ]);
  return found.filter(each => each !== null);
};

const untold = async (action: string, answer: Promise<unknown>): Promise<Untold | null> => {
  try {
    await answer;
    return null;
  } catch (error) {
    return {action, refused: refusalCode(error) === 'UnauthorizedOperation', cause: reasonOf(error)};
  }
};

const wouldCreate = async ({ec2, ...parts}: Parts, snapshot: string, signal: AbortSignal): Promise<void> => {
  const record = {instance: parts.identity.instance, slot: 'check', snapshot, attempt: 1};
  try {
    await ec2.createVolume({...newVolume(parts, record), dryRun: true}, signal);
  } catch (error) {
    if (refusalCode(error) !== 'DryRunOperation') throw error;
  }
};
