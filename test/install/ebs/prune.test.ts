import {open, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import t from 'tap';
import {reasonText} from '../../../agent/core/reason.ts';
import {reasonOf} from '../../../agent/core/reason-error.ts';
import {createEc2} from '../../../agent/host/ec2/ec2.ts';
import {mountedAt} from '../../../agent/host/mount/table.ts';
import {eventually} from '../../support/eventually.ts';
import {unmet} from '../../support/needs.ts';
import {
  callsOf,
  content,
  count,
  never,
  QUICK,
  readRecord,
  reasonKind,
  startWithSnapshot,
  startWorld,
} from './world.ts';

const skip = unmet('root', 'debian', 'loop');

t.test(
  'a prune with EC2 cut off unmounts, fails with a reason, and the next one finishes',
  {skip},
  async t => {
    const {lab, install, target} = await startWithSnapshot(t);
    await install().stage(target, never());
    const cutOff = install({
      ec2: createEc2({region: lab.region, endpoint: 'http://127.0.0.1:9', deadlineMs: 300}),
    });
    t.equal(await reasonKind(cutOff.prune([], never())), 'ec2.unreachable');
    await install().prune([], never());
    await eventually('nothing is left', () => lab.volumes().length === 0);
  },
);

t.test('what a power cut left of the writing of a record goes, of a kept slot too', {skip}, async t => {
  const {install, target, stateDir} = await startWithSnapshot(t);
  await install().stage(target, never());
  const folder = join(stateDir, 'ebs');
  const before = (await readdir(folder)).toSorted();
  for (const name of ['names.json', 'one.slot.json', 'other.slot.json'])
    await writeFile(join(folder, `${name}.new`), '{');
  await install().prune([target], never());
  t.same((await readdir(folder)).toSorted(), before);
});

t.test(
  'a volume that was made for a kept slot but not recorded is adopted by its tags, an older one of the slot is not',
  {skip},
  async t => {
    const {lab, install, target, stateDir} = await startWithSnapshot(t);
    const impatient = install({ec2: createEc2({region: lab.region, endpoint: lab.address, deadlineMs: 0})});
    for (const attempt of [1, 2]) {
      lab.faults.add({action: 'CreateVolume', kind: 'lose-reply', times: 1});
      t.equal(await reasonKind(impatient.stage(target, never())), 'ec2.unreachable');
      await eventually('its volume', () => lab.volumes().length === attempt);
      if (attempt === 1) await burnAttempt(stateDir);
    }
    const [older, newer] = lab.volumes().map(({id}) => id);
    await install().prune([target], never());
    t.equal((await readRecord(stateDir, 'one')).volume, newer);
    await eventually('the older one is gone', () => lab.volumes().length === 1);
    t.not(older, newer);
    await install().stage(target, never());
    t.same(
      lab.volumes().map(({id}) => id),
      [newer],
    );
    t.equal(count(callsOf(lab), 'CreateVolume ok'), 0, 'no other one is made');
  },
);

const burnAttempt = async (stateDir: string): Promise<void> => {
  const record = await readRecord(stateDir, 'one');
  await writeFile(join(stateDir, 'ebs', 'one.slot.json'), JSON.stringify({...record, attempt: 2}));
};

t.test('a detach that gets stuck is tried again by the next prune', {skip}, async t => {
  const {lab, install, target} = await startWithSnapshot(t);
  const installer = install({pace: {...QUICK, detachMs: 600}});
  await installer.stage(target, never());
  lab.faults.add({action: 'DetachVolume', kind: 'stuck-detaching', times: 1});
  t.equal(await reasonKind(installer.prune([], never())), 'volume.stuck');
  const [volume] = lab.volumes();
  if (volume?.attachment) volume.attachment.state = 'attached';
  await installer.prune([], never());
  await eventually('nothing is left', () => lab.volumes().length === 0);
});

t.test(
  'a volume in use by a process is neither unmounted nor detached, and goes at the next prune',
  {skip},
  async t => {
    const {lab, dir, install, slot} = await startWorld(t);
    const installer = install();
    const first = slot(await lab.createSnapshot({from: await content(dir, 'one', 'x')}), 'used');
    await installer.stage(first, never());
    const held = await open(join(first.directory, 'hello'));
    const why = await installer.prune([], never()).catch(reasonOf);
    t.equal(why?.kind, 'mount.busy');
    t.match(why && reasonText(why), /held by \S+ \(pid \d+/);
    t.match(why && reasonText(why), new RegExp(`\\(pid ${process.pid}\\b`));
    t.notOk(callsOf(lab).some(each => each.startsWith('DetachVolume')));
    t.ok(await mountedAt(first.directory));
    await held.close();
    await installer.prune([], never());
    await eventually('no volume left', () => lab.volumes().length === 0);
  },
);
