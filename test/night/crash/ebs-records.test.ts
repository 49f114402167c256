/** What is on disk of an EBS slot is cut, emptied, lost or overwritten: its volume stays as it is, and nothing is left when it goes. */
import {readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t, {type Test} from 'tap';
import {createEc2} from '../../../agent/host/ec2/ec2.ts';
import {mountedAt} from '../../../agent/host/mount/table.ts';
import {count, never, readRecord, startWithSnapshot} from '../../install/ebs/world.ts';
import {eventually} from '../../support/eventually.ts';
import {unmet} from '../../support/needs.ts';
import {sample} from '../../support/sample.ts';

const skip = unmet('root', 'debian', 'loop');

type World = Awaited<ReturnType<typeof startWithSnapshot>>;

const pathOf = ({stateDir}: World, name = 'one.slot.json'): string => join(stateDir, 'ebs', name);

const damages: readonly (readonly [string, (path: string, text: Buffer) => Promise<void>])[] = [
  ['is missing', path => rm(path)],
  ['is empty', path => writeFile(path, '')],
  ['is half there', (path, text) => writeFile(path, text.subarray(0, text.length / 2))],
  ['is garbage', path => writeFile(path, Buffer.from([0xff, 0xfe, 0, 0x7b, 0x0a]))],
  ['is zeros, as after a power cut', (path, text) => writeFile(path, Buffer.alloc(text.length))],
  ['is of another slot', (path, text) => writeFile(path, text.toString().replace('"one"', '"two"'))],
];

/** Its one volume is attached and mounted as before, and the application that runs from it can still read. */
const untouched = async (
  t: Test,
  {lab, target}: World,
  volume: string | null,
  what: string,
): Promise<void> => {
  t.same(
    lab.volumes().map(({id, state}) => `${id} ${state}`),
    [`${volume} in-use`],
    what,
  );
  t.ok(await mountedAt(target.directory), `${what}: it is mounted`);
  t.equal(await readFile(join(target.directory, 'hello'), 'utf8'), 'hello');
};

for (const [what, damage] of sample(t, damages, 2))
  t.test(`the record of a slot in use ${what}`, {skip}, async t => {
    const world = await startWithSnapshot(t);
    const {lab, install, target, stateDir} = world;
    await install().stage(target, never());
    const {volume} = await readRecord(stateDir, 'one');
    await damage(pathOf(world), await readFile(pathOf(world)));

    await install().prune([target], never());
    await untouched(t, world, volume, 'after a clean-up');
    const before = lab.calls.length;
    const offline = createEc2({region: lab.region, endpoint: 'http://127.0.0.1:9', deadlineMs: 300});
    await install({ec2: offline}).stage(target, never());
    await untouched(t, world, volume, 'staged again without EC2');
    t.equal(
      count(
        lab.calls.slice(before).map(({action}) => action),
        'CreateVolume',
      ),
      0,
    );

    await damage(pathOf(world), await readFile(pathOf(world)));
    await install().prune([], never());
    await eventually('no volume is left', () => lab.volumes().length === 0);
    t.equal(await mountedAt(target.directory), null);
    t.same(await readdir(join(stateDir, 'slots')), [], 'no folder of a slot');
    t.same(
      (await readdir(join(stateDir, 'ebs'))).filter(name => name !== 'names.json'),
      [],
      'no record',
    );
  });

t.test('the record of a slot in use, cut at each byte, never costs the slot its volume', {skip}, async t => {
  const world = await startWithSnapshot(t);
  const {install, target, stateDir} = world;
  const installer = install();
  await installer.stage(target, never());
  const {volume} = await readRecord(stateDir, 'one');
  const text = await readFile(pathOf(world));
  for (let length = 0; length < text.length; length += 1) {
    await writeFile(pathOf(world), text.subarray(0, length));
    await installer.prune([target], never());
    const record = await readRecord(stateDir, 'one');
    if (record.volume !== volume || !record.complete) t.fail(`cut at ${length}: ${JSON.stringify(record)}`);
  }
  await untouched(t, world, volume, `after ${text.length} cuts`);
});

t.test('the memory of device names, damaged', {skip}, async t => {
  const world = await startWithSnapshot(t);
  const {install, slot, snapshot, lab} = world;
  const installer = install();
  for (const [n, text] of ['', '{"instance":', '\0\0\0', '[]'].entries()) {
    await writeFile(pathOf(world, 'names.json'), text).catch(() => undefined); // no folder yet
    await installer.stage(slot(snapshot, `slot-${n}`), never());
    t.equal(lab.volumes().length, 1, JSON.stringify(text));
    await installer.prune([], never());
    await eventually('no volume is left', () => lab.volumes().length === 0);
  }
});
