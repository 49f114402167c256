/** What stands in the agent's own files after bad luck or bad hands: read, or left aside with words; never believed by half. */
import {mkdir, readdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import {historyText} from '../../agent/cli/history-text.ts';
import {freshState, recover} from '../../agent/core/host/recover.ts';
import type {State} from '../../agent/core/host/state.ts';
import {reason} from '../../agent/core/reason.ts';
import {entryText} from '../../agent/host/log.ts';
import {createRecords} from '../../agent/install/ebs/volume/record.ts';
import {gitLayout} from '../../agent/install/git/mirror/layout.ts';
import {readMarker, readMarkers} from '../../agent/install/git/tree/marker.ts';
import {readEntry, writeEntry} from '../../agent/journal/entry.ts';
import {openHistory} from '../../agent/journal/history.ts';
import {openJournal} from '../../agent/journal/journal.ts';
import type {Fields, Log} from '../../agent/ports.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {CASES, fuzz, presentable} from './fuzz.ts';
import {bytes, damaged, documentTexts, mutated} from './inputs.ts';

const cause = reason('gate.failed', {probe: 'http://127.0.0.1', seconds: 3, last: '500'});
const release = {kind: 'git', revision: '0123456789abcdef0123456789abcdef01234567'} as const;
const activation = {generation: 3, release, slot: '3-0123456789ab'};
const attempt = {
  purpose: 'update',
  target: activation,
  version: '7',
  tries: 0,
  cause,
  result: 'done',
} as const;
const STAMP = {now: 1_800_000_000_000, random: 0.5};
const STATE: State = {
  ...freshState(STAMP),
  phase: 'staging',
  blocked: cause,
  attempt,
  generation: 3,
  active: {...activation, generation: 2, slot: '2-0123456789ab'},
  desired: {release, version: '7', message: 'go', by: 'ada'},
  rejected: {release, version: '6', cause, at: 1, retryAt: null},
};
const HERE = {instance: 'i-1', boot: 'b'};
const VALID = writeEntry({...HERE, sequence: 4, state: STATE});
const RULES = {stageTimeoutMs: 1, drainTimeoutMs: 1, activateTimeoutMs: 1, gateTimeoutMs: 1, bakeMs: 1};

/** Without its sum every change would be refused for that alone. */
const WITHOUT_SUM: unknown = {format: 1, ...HERE, sequence: 4, state: STATE};

const journalTexts = fc.oneof(
  {weight: 4, arbitrary: documentTexts(WITHOUT_SUM)},
  {weight: 2, arbitrary: damaged(fc.constant(VALID))},
  {weight: 1, arbitrary: fc.constant(VALID)},
);

/** A log that takes nothing which cannot be shown. */
const strictLog = (): Log & {readonly lines: string[]} => {
  const lines: string[] = [];
  const take = (message: string, fields: Fields = {}): void => {
    presentable(entryText(message, fields));
    lines.push(message);
  };
  return {lines, debug: take, info: take, warning: take, error: take};
};

/** Whatever was read, the host goes on from it. */
const goesOn = (state: State): void => {
  const observed = {current: null, running: true, sameBoot: true, stale: false};
  const [next] = recover(RULES, state, observed, STAMP);
  if (typeof next.phase !== 'string') throw new Error('it does not go on');
};

t.test('the journal', async t => {
  await fuzz(t, {runs: CASES.pure, input: journalTexts}, text => {
    const reading = readEntry('/var/lib/release-agent/journal.json', text);
    if (reading.ok) goesOn(reading.value.state);
    else presentable(reading.text);
  });
});

t.test('the journal, the one before it and its copy, on a disk', async t => {
  const root = await temporaryFolder(t);
  const [stateDir, runDir] = [join(root, 'state'), join(root, 'run')];
  const input = fc.tuple(fc.oneof(journalTexts, bytes), fc.option(journalTexts), fc.option(journalTexts));
  await fuzz(t, {runs: CASES.io, input}, async ([last, before, copy]) => {
    for (const folder of [stateDir, runDir]) {
      await rm(folder, {recursive: true, force: true});
      await mkdir(folder, {recursive: true});
    }
    await writeFile(join(stateDir, 'journal.json'), last);
    if (before !== null) await writeFile(join(stateDir, 'journal.before.json'), before);
    if (copy !== null) await writeFile(join(runDir, 'journal.json'), copy);
    const log = strictLog();
    const opened = await openJournal({stateDir, runDir, ...HERE, log});
    if (opened.state) goesOn(opened.state);
    else if (log.lines.length === 0) throw new Error('a journal was dropped without a word');
    await opened.journal.write(STATE);
    const again = await openJournal({stateDir, runDir, ...HERE, log});
    if (again.state?.phase !== 'staging') throw new Error('what was written is not what is read');
  });
});

t.test('the history', async t => {
  const folder = await temporaryFolder(t);
  const line = {at: 1, text: 'booted', phase: 'serving', release: null, generation: 1};
  const input = fc.array(documentTexts(line), {maxLength: 5}).map(lines => lines.join('\n'));
  await fuzz(t, {runs: CASES.io, input}, async text => {
    await writeFile(join(folder, 'history.jsonl'), text);
    const lines = await openHistory(folder).last(10);
    for (const each of lines) if (historyText([each]) === '') throw new Error('a line that is not shown');
  });
});

t.test('the records of volumes', async t => {
  const folder = await temporaryFolder(t);
  const record = {
    ...{format: 1, instance: 'i-1', slot: 's-1', snapshot: 'snap-01234567', attempt: 1},
    ...{volume: 'vol-01234567', device: null, complete: true, removing: false},
  };
  const input = fc.oneof(documentTexts(record), bytes);
  await fuzz(t, {runs: CASES.io, input}, async text => {
    await writeFile(join(folder, 's-1.slot.json'), text);
    const log = strictLog();
    const records = createRecords({folder, instance: 'i-1', log});
    const [listed, read] = [await records.list(), await records.read('s-1')];
    if (listed.length !== (read === null ? 0 : 1)) throw new Error('it is read in two ways');
    if (read && !Number.isSafeInteger(read.attempt)) throw new Error(`attempt ${read.attempt}`);
  });
});

t.test('the markers of git slots', async t => {
  const layout = gitLayout({stateDir: await temporaryFolder(t), url: 'file:///srv/app.git'});
  await mkdir(layout.markers, {recursive: true});
  const marker = {slot: 's-1', revision: release.revision, directory: '/slots/s-1', at: 1};
  const input = fc.oneof(
    mutated(marker).map(each => JSON.stringify(each) ?? ''),
    documentTexts(marker),
    bytes,
  );
  await fuzz(t, {runs: CASES.io, input}, async text => {
    await writeFile(join(layout.markers, 's-1.json'), text);
    const [one, all] = [await readMarker(layout, 's-1'), await readMarkers(layout)];
    if (all.length !== (one === null ? 0 : 1)) throw new Error('it is read in two ways');
    if ((await readdir(layout.markers)).length !== 1) throw new Error('something is left behind');
  });
});
