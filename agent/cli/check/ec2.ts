import {existsSync} from 'node:fs';
import type {EbsSettings, Settings} from '../../config/settings.ts';
import {readDesired} from '../../core/desired.ts';
import {keysOf} from '../../core/keys.ts';
import {reasonText} from '../../core/reason.ts';
import {createEc2, type Ec2} from '../../host/ec2/ec2.ts';
import {identityFrom} from '../../host/imds/identity.ts';
import {createImds} from '../../host/imds/imds.ts';
import {tryRights} from '../../install/ebs/rights.ts';
import type {Identity} from '../../ports.ts';
import {openStore} from '../../store/open.ts';
import {type Findings, type Part, problem, together} from './part.ts';

/** The EC2 rights that can be tried without effect. Attaching, detaching and deleting cannot. */
export const ec2Part: Part = {
  name: 'EC2 rights',
  examine: async ({settings}, signal) => {
    const {ebs} = settings.install;
    if (!ebs) return null;
    const identity = await whoIsThis(settings, signal);
    const ec2 = clientFor(settings, ebs, identity);
    try {
      return await examineRights({settings, ebs, identity, ec2}, signal);
    } finally {
      await ec2.close();
    }
  },
};

interface Parts {
  readonly settings: Settings;
  readonly ebs: EbsSettings;
  readonly identity: Identity;
  readonly ec2: Ec2;
}

const examineRights = async (
  {settings, ebs, identity, ec2}: Parts,
  signal: AbortSignal,
): Promise<Findings> => {
  const snapshot = await desiredSnapshot(settings, signal);
  const found = await tryRights({settings: ebs, identity, app: settings.app, ec2, snapshot}, signal);
  const untried =
    'ec2:CreateVolume was not tried: the store names no snapshot that a volume could be made of';
  return together([
    {problems: [], notes: snapshot === null ? [untried] : []},
    ...found.map(({action, refused, cause}) =>
      refused
        ? problem('install.ebs', `the right to ${action}; see AMI.md, Rights and secrets`, reasonText(cause))
        : {problems: [], notes: [`${action} was not checked: ${reasonText(cause)}`]},
    ),
  ]);
};

/** Shorter than what the whole part may take. */
const DEADLINE_MS = 30_000;

const clientFor = ({imds}: Settings, {endpoint}: EbsSettings, {region}: Identity): Ec2 =>
  createEc2({
    region,
    deadlineMs: DEADLINE_MS,
    ...(endpoint !== undefined && {endpoint}),
    ...(imds !== null && {imds}),
  });

// Not kept for the agent: a check leaves nothing behind.
const whoIsThis = async ({imds, identity}: Settings, signal: AbortSignal): Promise<Identity> =>
  identityFrom(identity, imds === null ? null : await createImds({base: imds}).identity(signal));

// A store that does not answer is named by the part that looks at it.
const desiredSnapshot = async (
  {app, channel, store: settings}: Settings,
  signal: AbortSignal,
): Promise<string | null> => {
  if (settings.kind === 'directory' && !existsSync(settings.path)) return null;
  const store = await openStore(settings);
  try {
    const entry = await store.get(keysOf(app, channel).desired, signal).catch(() => null);
    const reading = entry && readDesired(entry.value, entry.version);
    return reading?.ok && reading.desired.release.kind === 'ebs' ? reading.desired.release.snapshot : null;
  } finally {
    await store.close();
  }
};
