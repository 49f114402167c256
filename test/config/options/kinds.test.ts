import fc from 'fast-check';
import t from 'tap';
import {OPTIONS} from '../../../agent/config/options/options.ts';
import {show} from '../../../agent/config/options/problem.ts';

// Values as TOML gives them, with names that mean something to JavaScript.
const toml = fc.letrec(tie => ({
  value: fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.date({noInvalidDate: true}),
    fc.constantFrom('//', 'file:///%zz', 'consul://%', '1'.repeat(400), 'https://[::1]:99999/'),
    fc.array(tie('value'), {maxLength: 3}),
    fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('toString', 'valueOf', 'toJSON', 'length')),
      tie('value'),
      {
        maxKeys: 3,
      },
    ),
  ),
})).value;

for (const [name, {kind}] of Object.entries(OPTIONS)) {
  t.test(`${name}: no value makes its reader or its message throw`, async () => {
    fc.assert(
      fc.property(toml, value => {
        const reading = kind.read(value);
        return reading.ok || typeof show(value) === 'string';
      }),
    );
  });
}
