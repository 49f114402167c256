/**
 * Files of the state folder that name what would lead elsewhere. Links in a git tree are in
 * test/install/git/hostile.test.ts, the link `current` is in test/activate/current.test.ts.
 */
import {existsSync} from 'node:fs';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {freshState} from '../../agent/core/host/recover.ts';
import {createRecords} from '../../agent/install/ebs/volume/record.ts';
import {gitLayout} from '../../agent/install/git/mirror/layout.ts';
import {readMarker} from '../../agent/install/git/tree/marker.ts';
import {writeEntry} from '../../agent/journal/entry.ts';
import {openJournal} from '../../agent/journal/journal.ts';
import {host, never, origin} from '../install/git/support.ts';
import {keptLog} from '../support/log.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {NAMES} from './hostile.ts';

t.test('slots and releases in a journal', async t => {
  const open = async (active: object) => {
    const stateDir = await temporaryFolder(t);
    const state = {...freshState({now: 0, random: 0}), active};
    const entry = {instance: 'i-1', boot: 'b', sequence: 1, state} as Parameters<typeof writeEntry>[0];
    await writeFile(join(stateDir, 'journal.json'), writeEntry(entry));
    const opened = await openJournal({
      stateDir,
      runDir: join(stateDir, 'run'),
      instance: 'i-1',
      boot: 'b',
      log: keptLog().log,
    });
    return opened.state?.active ?? null;
  };
  const revision = 'a'.repeat(40);
  const good = {generation: 1, slot: '1-aaaa', release: {kind: 'git', revision}};
  t.same(await open(good), good, 'a good one is read back');
  for (const slot of NAMES)
    t.equal(await open({...good, slot}), null, `slot ${JSON.stringify(slot.slice(0, 20))}`);
  for (const bad of [...NAMES, 'main', '--upload-pack=x']) {
    t.equal(
      await open({...good, release: {kind: 'git', revision: bad}}),
      null,
      `revision ${bad.slice(0, 20)}`,
    );
    t.equal(
      await open({...good, release: {kind: 'ebs', snapshot: bad}}),
      null,
      `snapshot ${bad.slice(0, 20)}`,
    );
  }
});

t.test('a record of a volume is of the slot that its file is named after', async t => {
  const folder = await temporaryFolder(t);
  const records = createRecords({folder, instance: 'i-1', log: keptLog().log});
  const record = {
    format: 1 as const,
    instance: 'i-1',
    slot: 'one',
    snapshot: 'snap-0123456789abcdef0',
    attempt: 1,
    volume: 'vol-0123456789abcdef0',
    device: null,
    complete: true,
    removing: false,
  };
  await records.write(record);
  t.same(await records.list(), [record]);
  const text = await readFile(join(folder, 'one.slot.json'), 'utf8');
  await writeFile(join(folder, 'two.slot.json'), text);
  for (const name of NAMES.filter(name => name !== ''))
    await writeFile(join(folder, 'three.slot.json'), text.replace('"one"', JSON.stringify(name))).then(
      async () => t.same(await records.list(), [record], `slot ${JSON.stringify(name.slice(0, 20))}`),
    );
});

t.test('the marker of a git slot never leads a clean-up out of the slots', async t => {
  const app = await origin(t);
  const revision = app.commit({a: 'a'});
  const {stateDir, installer, slot} = await host(t, {url: app.url});
  const one = slot('one', revision);
  await installer.stage(one, never);
  const precious = await temporaryFolder(t);
  await writeFile(join(precious, 'file'), 'precious');
  const layout = gitLayout({stateDir, url: app.url});
  await mkdir(layout.markers, {recursive: true});
  const aims = [
    precious,
    stateDir,
    join(stateDir, 'slots'),
    join(stateDir, 'slots', 'two', '..', 'one'),
    one.directory,
    '',
  ];
  for (const directory of aims)
    for (const name of ['two', '..', '../../x', 'one'])
      if (!(name === 'one' && directory === one.directory))
        await writeFile(
          join(layout.markers, 'two.json'),
          JSON.stringify({slot: name, revision, directory, at: 1}),
        ).then(async () => {
          t.equal(await readMarker(layout, 'two'), null, `${name} at ${directory.slice(-20)}`);
          await installer.prune([one], never);
          t.ok(existsSync(join(precious, 'file')) && existsSync(join(one.directory, 'a')), 'all is there');
        });
});
