/** What EC2 does wrong to one host that updates, what the host must say meanwhile, and what ends it. */
import {DEVICE_NAMES} from '../../../agent/install/ebs/volume/names.ts';
import type {Volume} from '../../lab/ec2/cloud.ts';
import type {Fault} from '../../lab/ec2/faults.ts';
import {ADDRESSES} from '../../lab/network/network.ts';
import {eventually} from '../../support/eventually.ts';
import type {Lane} from '../bad-input/lane.ts';
import type {Row} from '../bad-input/row.ts';

type Told = Row['reason'];
const unreachable = (text: string): Told => ({kind: 'ec2.unreachable', text});
const refused = (action: string, code: string): Told => ({
  kind: 'ec2.refused',
  text: `EC2 refuses ${action} (${code}): said the lab`,
});

/** Asks for a snapshot that this host does not have. */
export const askForSnapshot = async (lane: Lane) => {
  const next = await lane.make('ext4');
  await lane.put('desired', next.id);
  return next;
};

/** The faults in force against a lane, to be ended by its row. */
const ends = new Map<Lane, (() => void)[]>();

export const against = (lane: Lane, fault: Omit<Fault, 'from'>): void => {
  const end = lane.region.ec2.faults.add({...fault, from: lane.instance.ip});
  ends.set(lane, [...(ends.get(lane) ?? []), end]);
};

export const endFaults = async (lane: Lane): Promise<void> => {
  for (const end of ends.get(lane) ?? []) end();
  ends.delete(lane);
};

const faulty = (name: string, faults: readonly Omit<Fault, 'from'>[], reason: Told): Row => ({
  name,
  trigger: async lane => {
    for (const fault of faults) against(lane, fault);
    return askForSnapshot(lane);
  },
  reason,
  mend: endFaults,
  afterwards: 'itself',
  cleanup: endFaults,
});

const refuses = (action: string, code: string, reason: Told = refused(action, code)): Row =>
  faulty(`${action} is refused: ${code}`, [{action, kind: 'error', code, message: 'said the lab'}], reason);

/** The volumes of this host that are not in use. */
const looseVolumes = ({region, instance}: Lane): readonly Volume[] =>
  region.ec2.volumes().filter(({state, from}) => from === instance.ip && state !== 'in-use');

const WAY: readonly Row[] = [
  faulty('every call is throttled', [{action: '*', kind: 'throttle'}], {
    kind: 'ec2.throttled',
    text: 'EC2 limits the rate of ',
  }),
  faulty('CreateVolume is throttled', [{action: 'CreateVolume', kind: 'throttle'}], {
    kind: 'ec2.throttled',
    text: 'EC2 limits the rate of CreateVolume: no success in ',
  }),
  faulty('EC2 hangs', [{action: '*', kind: 'hang'}], unreachable('no answer in 10 s')),
  faulty('EC2 cuts every connection', [{action: '*', kind: 'reset'}], unreachable('EC2 does not answer ')),
  faulty('EC2 answers 500', [{action: '*', kind: 'server-error'}], unreachable('InternalError')),
  faulty('something else answers in its place', [{action: '*', kind: 'garbage'}], {
    kind: 'ec2.answer',
    text: 'in an unexpected way: expected a list, got an answer without one',
  }),
  {
    name: 'no packet reaches EC2',
    trigger: async lane => {
      await lane.instance.lose(ADDRESSES.ec2);
      return askForSnapshot(lane);
    },
    reason: unreachable('EC2 does not answer '),
    mend: ({instance}) => instance.find(ADDRESSES.ec2),
    afterwards: 'itself',
    cleanup: ({instance}) => instance.find(ADDRESSES.ec2).catch(() => undefined),
  },
];

const RIGHTS: readonly Row[] = [
  refuses('DescribeSnapshots', 'UnauthorizedOperation'),
  refuses('CreateVolume', 'UnauthorizedOperation'),
  refuses('AttachVolume', 'UnauthorizedOperation'),
  refuses('CreateVolume', 'InsufficientVolumeCapacity'),
  refuses('CreateVolume', 'VolumeLimitExceeded', {
    kind: 'volume.limit',
    text: "the account's volume limit is reached: said the lab",
  }),
  refuses('AttachVolume', 'AttachmentLimitExceeded', {
    kind: 'volume.attachment-limit',
    text: 'cannot have another volume attached: said the lab',
  }),
  faulty(
    'the credentials expire between two calls',
    [{action: 'AttachVolume', kind: 'error', code: 'RequestExpired', message: 'said the lab'}],
    refused('AttachVolume', 'RequestExpired'),
  ),
];

const METADATA: readonly Row[] = (
  [
    ['IMDS refuses tokens, so there are no credentials', {refusesTokens: true}],
    ['IMDS takes three seconds for each answer', {delayMs: 3_000}],
  ] as const
).map(([name, change]) => {
  const mend = async ({instance}: Lane) => {
    delete instance.metadata.refusesTokens;
    delete instance.metadata.delayMs;
  };
  return {
    name,
    trigger: async lane => {
      await untilWorkerIsGone(lane);
      Object.assign(lane.instance.metadata, change);
      return askForSnapshot(lane);
    },
    reason: unreachable('EC2 does not answer '),
    mend,
    afterwards: 'itself',
    cleanup: mend,
  };
});

/** The process that asks EC2 keeps its credentials as long as it lives. */
const untilWorkerIsGone = async ({instance}: Lane): Promise<void> => {
  const isGone = async () => (await instance.exec(['pgrep', '-f', 'ec2-worker'])).code === 1;
  await eventually('the idle EC2 worker to end', isGone, {timeoutMs: 60_000, everyMs: 500});
};

const VOLUMES: readonly Row[] = [
  faulty('every volume ends in error', [{action: 'CreateVolume', kind: 'volume-error'}], {
    kind: 'volume.error',
    text: 'EC2 could not make a volume of {release} in 3 tries',
  }),
  {
    ...faulty('a volume stays creating', [{action: 'CreateVolume', kind: 'stuck-creating', times: 1}], {
      kind: 'volume.stuck',
      text: 'stays creating for more than ',
    }),
    mend: async lane => {
      for (const volume of looseVolumes(lane)) volume.state = 'error';
    },
  },
  faulty('an attachment is stuck for ever', [{action: 'AttachVolume', kind: 'stuck-attaching', times: 1}], {
    kind: 'volume.stuck',
    text: 'stays attaching for more than ',
  }),
  faulty('the volume is deleted under us', [{action: 'AttachVolume', kind: 'vanish', times: 1}], {
    kind: 'volume.gone',
    text: 'does not exist any more',
  }),
  {
    name: 'every device name is taken',
    trigger: async lane => {
      for (const name of DEVICE_NAMES) lane.region.ec2.instance(lane.instance.id).hiddenDevices.add(name);
      return askForSnapshot(lane);
    },
    reason: {kind: 'volume.device-names', text: 'device names was free for the volume'},
    mend: async lane => freeNames(lane),
    afterwards: 'itself',
    cleanup: async lane => freeNames(lane),
  },
];

const freeNames = ({region, instance}: Lane): void => {
  for (const name of DEVICE_NAMES) region.ec2.instance(instance.id).hiddenDevices.delete(name);
};

export const EC2_ROWS: readonly Row[] = [...WAY, ...RIGHTS, ...METADATA, ...VOLUMES];
