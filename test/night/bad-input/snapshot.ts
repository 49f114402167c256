/** Snapshots that cannot be installed, and an EC2 that does not let us. */
import {writeFile} from 'node:fs/promises';
import type {Snapshot} from '../../lab/ec2/cloud.ts';
import type {Fault} from '../../lab/ec2/faults.ts';
import type {Published} from '../../lab/instance/in-service.ts';
import {must} from '../../lab/run.ts';
import type {Lane} from './lane.ts';
import type {Row} from './row.ts';
import {snapshotOf} from './special.ts';

const desire = async (lane: Lane, bad: Published): Promise<Published> => {
  await lane.put('desired', bad.id);
  return bad;
};

/** A good snapshot that EC2 shows otherwise for a while. */
const shown = (name: string, wrong: Partial<Snapshot>, reason: Row['reason']): Row => {
  const right = new Map<string, Partial<Snapshot>>();
  return {
    name: `snapshot: ${name}`,
    trigger: async lane => {
      const bad = await lane.make('ext4');
      const snapshot = lane.region.ec2.snapshot(bad.id);
      right.set(bad.id, {...snapshot});
      Object.assign(snapshot, wrong);
      return desire(lane, bad);
    },
    reason,
    mend: async (lane, bad) => {
      if (!bad) return;
      const snapshot = lane.region.ec2.snapshot(bad.id);
      delete snapshot.ownerId;
      Object.assign(snapshot, right.get(bad.id));
    },
    afterwards: 'itself',
  };
};

/** A good snapshot, and calls about it that EC2 refuses for a while. */
const faulty = (name: string, faults: (id: string) => readonly Fault[], reason: Row['reason']): Row => {
  const ends = new Map<Lane, readonly (() => void)[]>();
  const end = async (lane: Lane) => ends.get(lane)?.forEach(each => void each());
  return {
    name: `EC2: ${name}`,
    trigger: async lane => {
      const bad = await lane.make('ext4');
      ends.set(
        lane,
        faults(bad.id).map(each => lane.region.ec2.faults.add(each)),
      );
      return desire(lane, bad);
    },
    reason,
    mend: end,
    afterwards: 'itself',
    cleanup: end,
  };
};

/** An image that is no file system we mount. */
const unmountable = (name: string, make: (image: string) => Promise<unknown>): Row => ({
  name: `snapshot: ${name}`,
  trigger: async lane => desire(lane, await snapshotOf(lane, make)),
  reason: {kind: 'mount.failed', text: 'could not be mounted as ext4 on /var/lib/release-agent/slots/'},
});

const unknown = (name: string, id: string): Row => ({
  name: `snapshot: ${name}`,
  trigger: lane => desire(lane, {id, release: {name: 'none'}}),
  reason: {kind: 'snapshot.missing', text: `${id} does not exist in eu-west-1`},
});

/** Rows about snapshots and EC2. */
export const SNAPSHOT_ROWS: readonly Row[] = [
  unknown('that is not there, or in another region', 'snap-0123456789abcdef0'),
  unknown('an old id that is not there', 'snap-01234567'),
  shown(
    'pending',
    {state: 'pending'},
    {kind: 'snapshot.pending', text: '{release} is not complete yet (40%)'},
  ),
  shown(
    'failed',
    {state: 'error'},
    {kind: 'snapshot.state', text: '{release} is in state error, not completed'},
  ),
  shown('archived', {tier: 'archive'}, {kind: 'snapshot.archived', text: '{release} is in the archive tier'}),
  shown(
    "someone else's",
    {ownerId: '999999999999'},
    {kind: 'snapshot.owner', text: '{release} belongs to account 999999999999, allowed: 123456789012'},
  ),
  {
    name: 'snapshot: too large',
    trigger: async lane =>
      desire(lane, await snapshotOf(lane, image => must(['truncate', '-s', '3G', image]))),
    reason: {kind: 'snapshot.size', text: '{release} is 3 GiB large and the limit is 2 GiB'},
  },
  unmountable('empty', image => must(['truncate', '-s', '16M', image])),
  unmountable('of noise', image => writeFile(image, Buffer.alloc(1 << 20, 'noise'))),
  unmountable('with another file system', async image => {
    await must(['truncate', '-s', '320M', image]);
    await must(['mkfs.xfs', '-q', image]);
  }),
  unmountable('with a damaged file system', async image => {
    await must(['truncate', '-s', '16M', image]);
    await must(['mkfs.ext4', '-q', image]);
    // the superblock stays, with a wrong sum; what it leads to is gone
    await must(['dd', 'if=/dev/zero', `of=${image}`, 'bs=1k', 'seek=2', 'count=4000', 'conv=notrunc']);
  }),
  faulty(
    'may not make volumes',
    id => [
      {
        action: 'CreateVolume',
        kind: 'error',
        code: 'UnauthorizedOperation',
        message: 'You are not authorized.',
        where: {SnapshotId: id},
      },
    ],
    {kind: 'ec2.refused', text: 'EC2 refuses CreateVolume (UnauthorizedOperation): You are not authorized.'},
  ),
  faulty(
    'may not look at snapshots',
    id => [
      {
        action: 'DescribeSnapshots',
        kind: 'error',
        code: 'UnauthorizedOperation',
        message: 'No. \u001b[31m\u009b\u202e',
        where: {'SnapshotId.1': id},
      },
    ],
    {kind: 'ec2.refused', text: 'EC2 refuses DescribeSnapshots (UnauthorizedOperation): No.'},
  ),
  faulty(
    'the volumes of an encrypted snapshot fail',
    id => [{action: 'CreateVolume', kind: 'volume-error', where: {SnapshotId: id}}],
    {kind: 'volume.error', text: 'EC2 could not make a volume of {release} in '},
  ),
  faulty(
    'the account has too many volumes',
    id => [
      {
        action: 'CreateVolume',
        kind: 'error',
        code: 'VolumeLimitExceeded',
        message: 'Maximum number of volumes.',
        where: {SnapshotId: id},
      },
    ],
    {kind: 'volume.limit', text: "the account's volume limit is reached"},
  ),
];
