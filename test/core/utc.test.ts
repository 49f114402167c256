import fc from 'fast-check';
import t from 'tap';
import {utcText} from '../../agent/core/utc.ts';

t.test('a moment reads as the calendar has it', async t => {
  t.equal(utcText(0), '1970-01-01 00:00 UTC');
  t.equal(utcText(Date.UTC(2000, 1, 29, 23, 59, 59, 999)), '2000-02-29 23:59 UTC');
  t.equal(utcText(Date.UTC(2026, 11, 31, 12, 5)), '2026-12-31 12:05 UTC');
  const moment = fc.integer({min: 0, max: Date.UTC(9999, 11, 31)});
  fc.assert(
    fc.property(
      moment,
      ms => utcText(ms) === `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    ),
    {numRuns: 5_000},
  );
});
