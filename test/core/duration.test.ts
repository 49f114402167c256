import fc from 'fast-check';
import t from 'tap';
import {durationMs} from '../../agent/core/duration.ts';

t.test('durations have units, the larger first', async t => {
  for (const [text, ms] of [
    ['0s', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1m30s', 90_000],
    ['1h2m3s4ms', 3_723_004],
  ] as const)
    t.equal(durationMs(text), ms, text);
});

t.test('anything else is none', async t => {
  for (const text of [
    '',
    '30',
    '1.5s',
    '-1s',
    '30 s',
    's',
    '3s1m',
    '1d',
    '1S',
    '30s ',
    '9'.repeat(30).concat('s'),
  ])
    t.equal(durationMs(text), undefined, text);
});

t.test('any sum of parts is read back', async () => {
  fc.assert(
    fc.property(fc.nat(99), fc.nat(999), fc.nat(999), fc.nat(9999), (h, m, s, ms) => {
      return durationMs(`${h}h${m}m${s}s${ms}ms`) === ((h * 60 + m) * 60 + s) * 1000 + ms;
    }),
  );
});
