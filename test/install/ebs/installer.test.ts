import {existsSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {createEc2} from '../../../agent/host/ec2/ec2.ts';
import {mountedAt} from '../../../agent/host/mount/table.ts';
import {must} from '../../lab/run.ts';
import {eventually} from '../../support/eventually.ts';
import {unmet} from '../../support/needs.ts';
import {
  callsOf,
  content,
  never,
  readRecord,
  reasonKind,
  SETTINGS,
  startWithSnapshot,
  startWorld,
} from './world.ts';

const skip = unmet('root', 'debian', 'loop');

t.test('a snapshot appears read-only in its slot, on a tagged volume, in few calls', {skip}, async t => {
  const {lab, dir, install, slot, instance} = await startWorld(t);
  const snapshot = await lab.createSnapshot({from: await content(dir, 'one', 'first')});
  const first = slot(snapshot, 'g1-first');
  const before = lab.calls.length;
  const began = performance.now();
  await install().stage(first, never());
  t.comment(`staged in ${Math.round(performance.now() - began)} ms: ${callsOf(lab, before).join(', ')}`);
  t.equal(await readFile(join(first.directory, 'hello'), 'utf8'), 'first');
  await t.rejects(writeFile(join(first.directory, 'new'), ''), {code: 'EROFS'});
  const options = (await must(['findmnt', '-n', '-o', 'OPTIONS', first.directory])).trim().split(',');
  t.same(
    ['ro', 'nodev', 'nosuid', 'noatime'].filter(each => !options.includes(each)),
    [],
  );
  const create = lab.calls.find(({action}) => action === 'CreateVolume')?.fields;
  t.equal(create?.get('VolumeType'), 'gp3');
  t.match(create?.get('ClientToken'), /^[0-9a-f]{64}$/);
  const tags = Object.fromEntries(
    [1, 2, 3, 4].map(n => [
      create?.get(`TagSpecification.1.Tag.${n}.Key`),
      create?.get(`TagSpecification.1.Tag.${n}.Value`),
    ]),
  );
  t.same(tags, {
    'release-agent:app': 'web',
    'release-agent:owner': instance,
    'release-agent:release': snapshot,
    Name: 'web g1-first.1',
  });
  // how often a volume is looked at depends on how long the machine takes; everything else is called once
  const calls = callsOf(lab, before).filter(call => !call.startsWith('DescribeVolumes '));
  t.same(
    calls.map(call => call.split(' ')[0]),
    ['DescribeSnapshots', 'CreateVolume', 'DescribeFastSnapshotRestores', 'AttachVolume'],
  );
});

t.test('two slots live side by side, and prune removes one of them without a trace', {skip}, async t => {
  const {lab, dir, install, slot, stateDir} = await startWorld(t);
  const installer = install();
  const one = slot(await lab.createSnapshot({from: await content(dir, 'one', 'blue')}), 'blue');
  const two = slot(await lab.createSnapshot({from: await content(dir, 'two', 'green')}), 'green');
  await Promise.all([installer.stage(one, never()), installer.stage(two, never())]);
  t.equal(await readFile(join(one.directory, 'hello'), 'utf8'), 'blue');
  t.equal(await readFile(join(two.directory, 'hello'), 'utf8'), 'green');
  await installer.prune([two], never());
  await eventually('one volume left', () => lab.volumes().length === 1);
  t.equal(await mountedAt(one.directory), null);
  t.notOk(existsSync(one.directory));
  t.notOk(existsSync(join(stateDir, 'ebs', 'blue.slot.json')));
  t.equal(await readFile(join(two.directory, 'hello'), 'utf8'), 'green');
});

t.test(
  'a complete slot needs no EC2: mounted it is left alone, after a reboot it is mounted again',
  {skip},
  async t => {
    const {lab, dir, install, slot} = await startWorld(t);
    const first = slot(await lab.createSnapshot({from: await content(dir, 'one', 'kept')}), 'kept');
    await install().stage(first, never());
    const cutOff = install({
      ec2: createEc2({region: lab.region, endpoint: 'http://127.0.0.1:9', deadlineMs: 500}),
    });
    const calls = lab.calls.length;
    await cutOff.stage(first, never());
    await must(['umount', first.directory]);
    const began = performance.now();
    await cutOff.stage(first, never());
    t.comment(`mounted again in ${Math.round(performance.now() - began)} ms`);
    t.equal(await readFile(join(first.directory, 'hello'), 'utf8'), 'kept');
    t.equal(lab.calls.length, calls);
  },
);

t.test('a rollback does not wait behind a stage that waits for EC2', {skip}, async t => {
  const {lab, dir, install, slot} = await startWorld(t);
  const installer = install();
  const snapshot = await lab.createSnapshot({from: await content(dir, 'one', 'kept')});
  const kept = slot(snapshot, 'kept');
  await installer.stage(kept, never());
  lab.faults.add({action: '*', kind: 'hang'});
  const end = new AbortController();
  const hanging = installer.stage(slot(snapshot, 'next'), end.signal).catch((error: Error) => error.name);
  await must(['umount', kept.directory]);
  const pruning = installer.prune([kept], end.signal).catch((error: Error) => error.name);
  await installer.stage(kept, never());
  t.ok(await mountedAt(kept.directory));
  end.abort();
  t.same(await Promise.all([hanging, pruning]), ['AbortError', 'AbortError']);
});

t.test(
  'a record of another instance, as an image of a live host has it, is not this slot',
  {skip},
  async t => {
    const {lab, dir, install, slot, identity, stateDir} = await startWorld(t);
    const first = slot(await lab.createSnapshot({from: await content(dir, 'one', 'x')}), 'same');
    await install().stage(first, never());
    const {id, zone} = await lab.runInstance();
    await must(['umount', first.directory]);
    await install({identity: {...identity, instance: id, zone}}).stage(first, never());
    t.equal((await readRecord(stateDir, 'same')).instance, id);
    t.same(
      lab
        .volumes()
        .map(({attachment}) => attachment?.instanceId)
        .sort(),
      [identity.instance, id].sort(),
    );
  },
);

t.test('a stage that never gets an answer ends at its deadline', {skip}, async t => {
  const {lab, install, target} = await startWithSnapshot(t);
  lab.faults.add({action: 'CreateVolume', kind: 'hang'});
  const began = performance.now();
  t.equal(
    await reasonKind(install({settings: {...SETTINGS, timeoutMs: 800}}).stage(target, never())),
    'stage.timeout',
  );
  t.ok(performance.now() - began < 3_000);
});
