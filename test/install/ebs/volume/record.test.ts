import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {createRecords, type VolumeRecord} from '../../../../agent/install/ebs/volume/record.ts';
import {clientToken} from '../../../../agent/install/ebs/volume/token.ts';
import {temporaryFolder} from '../../../support/temporary.ts';
import {silent} from '../world.ts';

const record: VolumeRecord = {
  format: 1,
  instance: 'i-1',
  slot: 'g1-abc',
  snapshot: 'snap-0123456789abcdef0',
  attempt: 1,
  volume: null,
  device: null,
  complete: false,
  removing: false,
};

t.test('a record is read back as it was written, and gone when it is removed', async t => {
  const folder = join(await temporaryFolder(t), 'ebs');
  const records = createRecords({folder, instance: 'i-1', log: silent});
  t.same(await records.list(), []);
  t.equal(await records.read('g1-abc'), null);
  await records.write(record);
  await records.write({...record, volume: 'vol-1', complete: true});
  t.same(await records.read('g1-abc'), {...record, volume: 'vol-1', complete: true});
  t.equal((await records.list()).length, 1);
  await records.remove('g1-abc');
  t.same(await records.list(), []);
});

t.test('torn, foreign and newer records count as absent, and say so', async t => {
  const folder = join(await temporaryFolder(t), 'ebs');
  await mkdir(folder);
  const warnings: unknown[] = [];
  const log = {...silent, warning: (_: string, fields?: object) => void warnings.push(fields)};
  const records = createRecords({folder, instance: 'i-1', log});
  await records.write({...record, slot: 'good'});
  await records.write({...record, slot: 'other', instance: 'i-2'});
  await writeFile(join(folder, 'torn.slot.json'), '{"format":1,');
  await writeFile(join(folder, 'newer.slot.json'), JSON.stringify({...record, format: 2}));
  await writeFile(join(folder, '.good.slot.json.new'), 'a crash in the middle of a write');
  t.same(
    (await records.list()).map(({slot}) => slot),
    ['good'],
  );
  t.equal(warnings.length, 2);
});

t.test('a token is 64 hex digits that differ with each of its parts', async t => {
  const parts = {instance: 'i-1', slot: 'a', snapshot: 'snap-1', attempt: 1};
  const tokens = [
    parts,
    {...parts, instance: 'i-2'},
    {...parts, slot: 'b'},
    {...parts, snapshot: 'snap-2'},
    {...parts, attempt: 2},
  ].map(clientToken);
  for (const token of tokens) t.match(token, /^[0-9a-f]{64}$/);
  t.equal(new Set(tokens).size, 5);
  t.equal(clientToken({...parts}), tokens[0]);
});
