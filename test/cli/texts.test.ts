import {readFile, writeFile} from 'node:fs/promises';
import process from 'node:process';
import fc from 'fast-check';
import t from 'tap';
import {age} from '../../agent/cli/age.ts';
import {historyText} from '../../agent/cli/history-text.ts';
import {rows, table, WIDTH, wrap} from '../../agent/cli/layout.ts';
import {isSettled} from '../../agent/cli/report.ts';
import {statusText} from '../../agent/cli/status-text.ts';
import {whyText} from '../../agent/cli/why-text.ts';
import {NEW, OLD, sampleReport} from '../support/sample-report.ts';
import {REPORTS} from './reports.ts';

const GOLDEN = new URL('texts.txt', import.meta.url);
const HISTORY = [
  {
    at: 1_798_804_800_000,
    text: `activated ${'x'.repeat(30)} and back in traffic`,
    phase: 'serving',
    release: NEW,
    generation: 8,
  },
  {at: 1_798_801_200_000, text: 'booted', phase: 'serving', release: OLD, generation: 7},
  {at: 1_798_801_190_000, text: 'started', phase: 'booting', release: null, generation: 0},
] as const;

// UPDATE=1 writes it anew: review the difference.
if (process.env.UPDATE) await writeFile(GOLDEN, transcript());

/** Everything an operator reads, in one text that can be reviewed. */
function transcript(): string {
  return [
    ...Object.entries(REPORTS).map(
      ([name, report]) =>
        `# ${name}\n\n$ agentctl status; echo $?\n${statusText(report)}\n${isSettled(report) ? 0 : 4}\n\n$ agentctl why\n${whyText(report)}\n`,
    ),
    `# history\n\n$ agentctl history\n${historyText(HISTORY)}\n`,
  ].join('\n');
}

t.test('status, why and history read as reviewed', async t => {
  t.equal(transcript(), await readFile(GOLDEN, 'utf8'));
});

t.test('no line is wider than a terminal', async t => {
  t.same(
    transcript()
      .split('\n')
      .filter(line => line.length > WIDTH),
    [],
  );
});

t.test('a host that will be held is not settled, although it serves what it should', async t => {
  t.equal(isSettled(sampleReport({hold: {by: 'ada', note: 'x', at: 0}})), false);
  t.equal(isSettled(sampleReport({serving: false})), false);
  t.equal(isSettled(sampleReport()), true);
});

t.test('ages have at most two units', async t => {
  for (const [ms, text] of [
    [-5, '0 s'],
    [999, '0 s'],
    [59_999, '59 s'],
    [130_000, '2 m 10 s'],
    [3_600_000, '1 h'],
    [3_605_000, '1 h'],
    [90_061_000, '1 d 1 h'],
  ] as const)
    t.equal(age(ms), text);
});

const word = fc.string({maxLength: 40});
const words = fc.array(word, {maxLength: 30}).map(list => list.join(' '));

t.test('wrapping loses no word, and breaks no line that need not be broken', async () => {
  fc.assert(
    fc.property(words, text => {
      const lines = wrap(text, 40);
      const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
      return (
        lines.join(' ') === plain && lines.every(line => line.length <= 40 || !line.trim().includes(' '))
      );
    }),
  );
});

t.test('what comes from outside cannot steer the terminal', async () => {
  const hostile = fc
    .array(fc.oneof(fc.nat(0x9f), fc.constantFrom(0x202e, 0x2028, 0x200b), fc.nat(0xffff)), {maxLength: 60})
    .map(codes => String.fromCharCode(...codes));
  fc.assert(
    fc.property(hostile, text =>
      [...wrap(text), rows([['note', text]]), table([[text, text, text]])].every(
        line => !/[\p{Cc}\u202e\u2028]/u.test(line.replaceAll('\n', '')),
      ),
    ),
  );
});
