import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {createEc2} from '../../../../agent/host/ec2/ec2.ts';
import {eventually} from '../../../support/eventually.ts';
import {keptLog} from '../../../support/log.ts';
import {unmet} from '../../../support/needs.ts';
import {callsOf, count, never, QUICK, readRecord, reasonKind, SETTINGS, startWithSnapshot} from '../world.ts';

t.setTimeout(300_000);

const skip = unmet('root', 'debian', 'loop');

t.test('throttled and answered with errors for a while, it goes on with the same token', {skip}, async t => {
  const {lab, install, target} = await startWithSnapshot(t);
  lab.faults.add({action: 'CreateVolume', kind: 'throttle', times: 2});
  lab.faults.add({action: 'CreateVolume', kind: 'server-error', times: 1});
  lab.faults.add({action: 'CreateVolume', kind: 'lose-reply', times: 1});
  lab.faults.add({action: 'AttachVolume', kind: 'throttle', times: 1});
  lab.faults.add({action: 'AttachVolume', kind: 'lose-reply', times: 1});
  lab.faults.add({action: 'DescribeVolumes', kind: 'reset', times: 2});
  await install().stage(target, never());
  t.equal(await readFile(join(target.directory, 'hello'), 'utf8'), 'hello');
  t.equal(lab.volumes().length, 1, 'an answer that was lost made no second volume');
  const tokens = lab.calls
    .filter(({action}) => action === 'CreateVolume')
    .map(({fields}) => fields.get('ClientToken'));
  t.equal(new Set(tokens).size, 1);
  t.equal(tokens.length, 5);
});

t.test('throttled for longer than its deadline it says so, and the next stage goes on', {skip}, async t => {
  const {lab, install, target} = await startWithSnapshot(t);
  const end = lab.faults.add({action: 'CreateVolume', kind: 'throttle'});
  const impatient = install({ec2: createEc2({region: lab.region, endpoint: lab.address, deadlineMs: 1_500})});
  t.equal(await reasonKind(impatient.stage(target, never())), 'ec2.throttled');
  end();
  await install().stage(target, never());
  t.equal(lab.volumes().length, 1);
});

t.test(
  'a volume that becomes error is deleted and another one made, three times at most',
  {skip},
  async t => {
    const {lab, install, target, stateDir} = await startWithSnapshot(t);
    lab.faults.add({action: 'CreateVolume', kind: 'volume-error', times: 1});
    const installer = install();
    await installer.stage(target, never());
    t.equal((await readRecord(stateDir, 'one')).attempt, 2, 'the token of the failed one is burned');
    await eventually('only the good volume is left', () => lab.volumes().length === 1);
    await installer.prune([], never());
    lab.faults.add({action: 'CreateVolume', kind: 'volume-error'});
    t.equal(await reasonKind(installer.stage(target, never())), 'volume.error');
    await eventually('no broken volume is left', () => lab.volumes().length === 0);
    t.equal(count(callsOf(lab), 'CreateVolume ok'), 5);
  },
);

t.test('a volume that stays creating is given up, and pruned when it can be', {skip}, async t => {
  const {lab, install, target} = await startWithSnapshot(t);
  lab.faults.add({action: 'CreateVolume', kind: 'stuck-creating', times: 1});
  const installer = install({pace: {...QUICK, creatingMs: 700, detachMs: 500}});
  await installer.stage(target, never());
  const stuck = lab.volumes().find(({state}) => state === 'creating');
  t.ok(stuck, 'EC2 refuses to delete it yet');
  t.equal(await reasonKind(installer.prune([target], never())), 'volume.stuck');
  if (stuck) stuck.state = 'available';
  await installer.prune([target], never());
  await eventually('one volume', () => lab.volumes().length === 1);
});

t.test(
  'at the volume limit a repeated token is refused although its volume exists: it is found by its tags',
  {skip},
  async t => {
    const {lab, install, target} = await startWithSnapshot(t);
    lab.faults.add({action: 'CreateVolume', kind: 'lose-reply', times: 1});
    const impatient = install({ec2: createEc2({region: lab.region, endpoint: lab.address, deadlineMs: 0})});
    t.equal(await reasonKind(impatient.stage(target, never())), 'ec2.unreachable');
    await eventually('the volume exists', () => lab.volumes().length === 1);
    lab.faults.add({
      action: 'CreateVolume',
      kind: 'error',
      code: 'VolumeLimitExceeded',
      message: 'no more',
      times: 1,
    });
    await install().stage(target, never());
    t.equal(lab.volumes().length, 1);
  },
);

t.test('EC2 says for a while that a new volume does not exist', {skip}, async t => {
  const {lab, install, target} = await startWithSnapshot(t);
  lab.faults.add({
    action: 'DescribeVolumes',
    kind: 'error',
    code: 'InvalidVolume.NotFound',
    message: 'not yet',
    times: 3,
  });
  lab.faults.add({
    action: 'AttachVolume',
    kind: 'error',
    code: 'InvalidVolume.NotFound',
    message: 'not yet',
    times: 1,
  });
  await install().stage(target, never());
  t.equal(count(callsOf(lab), 'CreateVolume ok'), 1);
});

t.test('settings changed after a crash burn the old token, and its volume is pruned', {skip}, async t => {
  const {lab, install, target} = await startWithSnapshot(t);
  lab.faults.add({action: 'CreateVolume', kind: 'lose-reply', times: 1});
  const impatient = install({ec2: createEc2({region: lab.region, endpoint: lab.address, deadlineMs: 0})});
  t.equal(await reasonKind(impatient.stage(target, never())), 'ec2.unreachable');
  await eventually('the first volume exists', () => lab.volumes()[0]?.state === 'available');
  const changed = install({settings: {...SETTINGS, iops: 4_000, throughput: 250}});
  await changed.stage(target, never());
  t.equal(lab.volumes().length, 2);
  await changed.prune([target], never());
  await eventually('the first one is gone', () => lab.volumes().length === 1);
});

t.test('a volume deleted behind our back is replaced', {skip}, async t => {
  const {lab, install, target, stateDir} = await startWithSnapshot(t);
  const end = lab.faults.add({
    action: 'AttachVolume',
    kind: 'error',
    code: 'UnauthorizedOperation',
    message: 'no',
  });
  t.equal(await reasonKind(install().stage(target, never())), 'ec2.refused');
  end();
  const {volume} = await readRecord(stateDir, 'one');
  await createEc2({region: lab.region, endpoint: lab.address}).deleteVolume(volume ?? '', never());
  await eventually('it is gone', () => lab.volumes().length === 0);
  await install().stage(target, never());
  t.not((await readRecord(stateDir, 'one')).volume, volume);
});

t.test(
  "tags, encryption, key and rate reach EC2, and what is the agent's own cannot be replaced",
  {skip},
  async t => {
    const {lab, install, target, instance} = await startWithSnapshot(t);
    const settings = {
      ...SETTINGS,
      tags: {CostCenter: '4711', 'release-agent:owner': 'i-somebody'},
      encrypted: true,
      kmsKey: 'alias/releases',
      initializationRate: 200,
    };
    await install({settings}).stage(target, never());
    const fields = lab.calls.find(({action}) => action === 'CreateVolume')?.fields;
    t.equal(fields?.get('Encrypted'), 'true');
    t.equal(fields?.get('KmsKeyId'), 'alias/releases');
    t.equal(fields?.get('VolumeInitializationRate'), '200');
    const tags = [1, 2, 3, 4, 5].map(n =>
      ['Key', 'Value'].map(part => fields?.get(`TagSpecification.1.Tag.${n}.${part}`)).join('='),
    );
    t.ok(tags.includes('CostCenter=4711'));
    t.ok(tags.includes(`release-agent:owner=${instance}`));
    await install({settings}).prune([], never());
    await eventually('it is found by its tags and gone', () => lab.volumes().length === 0);
  },
);

t.test('the log says how a new volume is filled, and that a rate wins over fast restore', {skip}, async t => {
  const {lab, install, slot, snapshot, identity} = await startWithSnapshot(t);
  const {log, lines} = keptLog();
  await install({log}).stage(slot(snapshot, 'cold'), never());
  lab.snapshot(snapshot).fastIn?.add(identity.zone);
  await install({log}).stage(slot(snapshot, 'fast'), never());
  const settings = {...SETTINGS, initializationRate: 100};
  await install({log, settings}).stage(slot(snapshot, 'rate'), never());
  lab.faults.add({action: 'DescribeFastSnapshotRestores', kind: 'error', code: 'UnauthorizedOperation'});
  await install({log}).stage(slot(snapshot, 'forbidden'), never());
  const text = JSON.stringify(lines);
  for (const words of [
    'restore here: none',
    'by fast snapshot restore',
    'at 100 MiB/s',
    'restore here: unknown',
  ])
    t.match(text, words);
  t.equal(text.split('is paid for and not used').length, 2);
});
