import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {reasonText} from '../../../../agent/core/reason.ts';
import {reasonOf} from '../../../../agent/core/reason-error.ts';
import {DEVICE_NAMES} from '../../../../agent/install/ebs/volume/names.ts';
import {unmet} from '../../../support/needs.ts';
import {count, never, QUICK, readRecord, reasonKind, startWithSnapshot} from '../world.ts';

const skip = unmet('root', 'debian', 'loop');

t.test('names that are in use are skipped, remembered, and none is used twice in a row', {skip}, async t => {
  const {lab, install, snapshot, slot, instance, stateDir} = await startWithSnapshot(t);
  await startRoundAt(stateDir, instance, 40 + Math.floor(Math.random() * 8));
  const installer = install();
  const names = () =>
    lab.calls
      .filter(({action}) => action === 'AttachVolume')
      .map(({fields, outcome}) => `${fields.get('Device')} ${outcome}`);
  await installer.stage(slot(snapshot, 'one'), never());
  const first = names().at(-1)?.split(' ')[0] ?? '';
  const following = nextName(first);
  lab.instance(instance).hiddenDevices.add(following);
  await installer.prune([], never());
  await installer.stage(slot(snapshot, 'two'), never());
  t.equal(names().at(-1), `${nextName(following)} ok`, 'neither the name just freed nor the hidden one');
  t.equal(count(names(), `${following} InvalidParameterValue`), 1);
});

/** Tests beside this one use the first names of the round. */
const startRoundAt = async (stateDir: string, instance: string, at: number): Promise<void> => {
  await mkdir(join(stateDir, 'ebs'), {recursive: true});
  await writeFile(
    join(stateDir, 'ebs', 'names.json'),
    JSON.stringify({instance, last: DEVICE_NAMES[at], forbidden: []}),
  );
};

const nextName = (name: string): string =>
  name.slice(0, -1) + String.fromCharCode(name.charCodeAt(name.length - 1) + 1);

t.test('an attachment that gets stuck is taken back and made under another name', {skip}, async t => {
  const {lab, install, target, stateDir} = await startWithSnapshot(t);
  lab.faults.add({action: 'AttachVolume', kind: 'stuck-attaching', times: 1});
  await install({pace: {...QUICK, stuckMs: 1_200}}).stage(target, never());
  const names = lab.calls
    .filter(({action}) => action === 'AttachVolume')
    .map(({fields}) => fields.get('Device'));
  t.equal(names.length, 2);
  t.not(names[0], names[1]);
  t.equal((await readRecord(stateDir, 'one')).device, names[1]);
  t.equal(lab.volumes().length, 1);
});

t.test('attachments that always get stuck end in a reason, with the volume free', {skip}, async t => {
  const {lab, install, target} = await startWithSnapshot(t);
  lab.faults.add({action: 'AttachVolume', kind: 'stuck-attaching'});
  t.equal(await reasonKind(install({pace: {...QUICK, stuckMs: 800}}).stage(target, never())), 'volume.stuck');
  t.same(
    lab.volumes().map(({state}) => state),
    ['available'],
  );
  lab.faults.clear();
  await install().stage(target, never());
  t.equal(lab.volumes().length, 1, 'the same volume is used when it works again');
});

t.test('limits and refusals have reasons of their own', {skip}, async t => {
  const {lab, install, target} = await startWithSnapshot(t);
  const once = (action: string, code: string) =>
    lab.faults.add({action, kind: 'error', code, message: 'said the lab', times: 1});
  once('CreateVolume', 'VolumeLimitExceeded');
  t.equal(await reasonKind(install().stage(target, never())), 'volume.limit');
  once('CreateVolume', 'UnauthorizedOperation');
  const refusal = await install().stage(target, never()).catch(reasonOf);
  t.match(refusal && reasonText(refusal), /EC2 refuses CreateVolume \(UnauthorizedOperation\): said the lab/);
  once('AttachVolume', 'AttachmentLimitExceeded');
  t.equal(await reasonKind(install().stage(target, never())), 'volume.attachment-limit');
  once('AttachVolume', 'InvalidVolume.ZoneMismatch');
  t.equal(await reasonKind(install().stage(target, never())), 'volume.zone');
  await install().stage(target, never());
  t.equal(lab.volumes().length, 1);
});

t.test('an instance that is not running yet is waited for, and named when it never is', {skip}, async t => {
  const {lab, install, target} = await startWithSnapshot(t);
  const refuse = (times: number) =>
    lab.faults.add({
      action: 'AttachVolume',
      kind: 'error',
      code: 'IncorrectState',
      message: "Instance is not 'running'.",
      times,
    });
  refuse(6);
  const refusal = await install().stage(target, never()).catch(reasonOf);
  t.match(
    refusal && reasonText(refusal),
    /EC2 refuses AttachVolume \(IncorrectState\): Instance is not 'running'/,
  );
  const times = lab.calls.filter(({action}) => action === 'AttachVolume').map(({at}) => at);
  t.equal(times.length, 6);
  const pauses = times.slice(1).map((at, n) => at - (times[n] ?? 0));
  // at least three quarters of 50 ms, doubled each time up to 500
  for (const [n, ms] of pauses.entries())
    t.ok(ms >= 0.7 * Math.min(500, 50 * 2 ** n), `the pause ${n + 1} was ${ms} ms`);
  refuse(2);
  await install().stage(target, never());
  t.equal(lab.volumes().length, 1);
});
