/** A host whose disk is full, or whose port somebody else has. */
import {mkdir, rm, statfs, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Instance} from '../../lab/instance/host.ts';
import type {Published} from '../../lab/instance/in-service.ts';
import {must} from '../../lab/run.ts';
import type {Lane} from './lane.ts';
import type {Row} from './row.ts';
import {commitOf, withScript} from './special.ts';

const stateOf = ({root}: Instance): string => join(root, 'var/lib/release-agent');
const fillerOf = ({instance}: Lane): string => join(stateOf(instance), 'filler');

/** Gives an instance that is off a small disk for the agent's state. */
export const withSmallDisk = async (instance: Instance): Promise<void> => {
  await mkdir(stateOf(instance), {recursive: true});
  await must(['mount', '-t', 'tmpfs', '-o', 'size=300m,nr_inodes=6000,mode=755', 'tmpfs', stateOf(instance)]);
};

/** Takes the disk away again. */
export const withoutDisk = async (instance: Instance): Promise<void> => {
  await instance.kill();
  await must(['umount', stateOf(instance)]);
};

const fill = async (lane: Lane, {leave}: {leave: number}): Promise<void> => {
  const {bavail, bsize} = await statfs(stateOf(lane.instance));
  await mkdir(fillerOf(lane));
  const bytes = bavail * bsize - leave;
  await must(['fallocate', '-l', String(bytes), join(fillerOf(lane), 'file')]);
};

const fillInodes = async (lane: Lane): Promise<void> => {
  await mkdir(fillerOf(lane));
  const {ffree} = await statfs(stateOf(lane.instance));
  for (let n = 0; n < ffree - 500; n += 1) await writeFile(join(fillerOf(lane), String(n)), '');
};

const empty = (lane: Lane): Promise<void> => rm(fillerOf(lane), {recursive: true, force: true});

interface Disk {
  readonly as: 'ext4' | 'git';
  readonly spoil: (lane: Lane) => Promise<unknown>;
  readonly mend: (lane: Lane, bad?: Published) => Promise<void>;
}

const disk = (name: string, {as, spoil, mend}: Disk, reason: Row['reason']): Row => ({
  name: `disk: ${name}`,
  trigger: async lane => {
    const bad = await lane.make(as);
    await spoil(lane);
    await lane.put('desired', bad.id);
    return bad;
  },
  reason,
  mend,
  afterwards: 'itself',
  cleanup: mend,
});

const remount = (lane: Lane, how: 'ro' | 'rw'): Promise<unknown> =>
  must(['mount', '-o', `remount,${how}`, stateOf(lane.instance)]);

const SQUAT = `#!/bin/sh
systemctl stop web
systemd-run --unit=squatter /usr/bin/python3 -m http.server 8080
sleep 1
`;
const leave = async ({instance}: Lane): Promise<void> =>
  void (await instance.exec(['systemctl', 'stop', 'squatter']));

/** Rows about the host itself; its state has a disk of its own. */
export const HOST_ROWS: readonly Row[] = [
  disk(
    'little room for a revision',
    {as: 'git', spoil: lane => fill(lane, {leave: 40 << 20}), mend: empty},
    {kind: 'disk.space', text: 'has 40.0 MiB free and 64.0 MiB are needed'},
  ),
  disk(
    'few inodes for a revision',
    {as: 'git', spoil: fillInodes, mend: empty},
    {kind: 'disk.inodes', text: ' free inodes and 1000 are needed'},
  ),
  disk(
    'full, when a snapshot is asked for',
    {as: 'ext4', spoil: lane => fill(lane, {leave: 0}), mend: empty},
    {kind: 'journal.unwritable', text: 'the journal cannot be written since '},
  ),
  disk(
    'full, when a revision is asked for',
    {as: 'git', spoil: lane => fill(lane, {leave: 0}), mend: empty},
    {kind: 'journal.unwritable', text: 'the journal cannot be written since '},
  ),
  disk(
    'read-only',
    {
      as: 'ext4',
      spoil: lane => remount(lane, 'ro'),
      mend: async lane => void (await remount(lane, 'rw')),
    },
    {kind: 'journal.unwritable', text: 'the journal cannot be written since '},
  ),
  {
    name: "port: somebody else has the application's",
    trigger: async lane => {
      const bad = await commitOf(lane, withScript(SQUAT));
      await lane.put('desired', bad.id);
      return bad;
    },
    reason: {kind: 'rollback.failed', text: 'the previous release does not come back either: '},
    application: 'away',
    mend: leave,
    cleanup: leave,
  },
];
