import t from 'tap';
import {quote, shortened} from '../../agent/core/quote.ts';

t.test('a long text loses its middle, never its end', t => {
  t.equal(shortened('0123456789', 10), '0123456789');
  t.equal(shortened('01234567890', 10), '01234…67890');
  t.equal(shortened('0123456789', 5), '012…89');
  const text = `fatal: ${'x'.repeat(200)} repository corruption`;
  t.match(quote(text), /^"fatal: x+…x* repository corruption"$/);
  t.equal(quote(text, {limit: 300}), JSON.stringify(text));
  t.end();
});
