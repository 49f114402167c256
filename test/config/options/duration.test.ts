import fc from 'fast-check';
import t from 'tap';
import {duration} from '../../../agent/config/options/duration.ts';

t.test('no text makes the reader throw, and what it takes is within the bounds', async () => {
  const kind = duration({min: '1s', max: '1h'});
  fc.assert(
    fc.property(fc.anything(), value => {
      const reading = kind.read(value);
      return !reading.ok || (reading.value >= 1_000 && reading.value <= 3_600_000);
    }),
  );
});

t.test('a wrong unit is answered with what to write', async t => {
  const kind = duration({min: '1s', max: '1h'});
  t.match(kind.read('5 minutes'), {hint: 'write "5m"'});
  t.match(kind.read('200 msec'), {hint: 'write "200ms"'});
  t.match(kind.read(7), {hint: 'write "7s" for seconds or "7m" for minutes'});
});
