import t from 'tap';
import {amountText, atLeast, atMost} from '../../../agent/core/policy/amount.ts';
import {DEFAULT_POLICY, readPolicy} from '../../../agent/core/policy/policy.ts';

const read = (value: object) => readPolicy(JSON.stringify(value));

t.test('what is not told has a default', async t => {
  t.strictSame(readPolicy('{}'), {ok: true, policy: DEFAULT_POLICY});
});

t.test('everything that can be told is read', async t => {
  const told = {
    ...{concurrency: 3, floor: '80%', budget: '5%', bake: '1h30m', onFailure: 'revert', requireMessage: true},
    zones: {floor: 2, inTurn: true},
    waves: ['canary', '10%', 50],
    windows: [{days: ['mon'], from: '09:00', to: '17:00', timezone: 'Europe/Berlin'}],
  };
  t.strictSame(read(told), {
    ok: true,
    policy: {
      ...{concurrency: {count: 3}, floor: {percent: 80}, budget: {percent: 5}, bakeMs: 5_400_000},
      ...{onFailure: 'revert', requireMessage: true, zones: {floor: {count: 2}, inTurn: true}},
      waves: ['canary', {percent: 10}, {count: 50}],
      windows: [{days: [1], from: 540, to: 1_020, timezone: 'Europe/Berlin'}],
    },
  });
});

t.test('what is wrong is named', async t => {
  const refused: readonly (readonly [object, RegExp])[] = [
    [{concurency: 1}, /concurency/],
    [{concurrency: 0}, /a whole number of hosts from 1, or a percentage such as "20%" in concurrency/],
    [{floor: 1.5}, /a whole number of hosts from 0.* in floor/],
    [{budget: '101%'}, /in budget/],
    [{budget: 1_000_001}, /in budget/],
    [
      {waves: ['canaries']},
      /"canary", a whole number of hosts from 1, or a percentage such as "10%" in waves.0/,
    ],
    [{waves: Array.from({length: 21}, () => '10%')}, /in waves/],
    [{bake: '10 minutes'}, /a duration up to "168h", such as "10m" in bake/],
    [{bake: '169h'}, /a duration up to "168h"/],
    [{bake: 10}, /in bake/],
    [{onFailure: 'panic'}, /in onFailure/],
    [{zones: {floor: '50%', turns: true}}, /turns/],
    [{windows: [{from: '09:00', to: '17:00', timezone: 'Berlin'}]}, /IANA database.* in windows.0.timezone/],
    [{windows: Array.from({length: 51}, () => ({from: '09:00', to: '17:00'}))}, /in windows/],
    [{requireMessage: 'yes'}, /in requireMessage/],
  ];
  for (const [value, expected] of refused) {
    const reading = read(value);
    if (reading.ok) throw new Error(`it is read: ${JSON.stringify(value)}`);
    t.equal(reading.cause.kind, 'store.document');
    const {details} = reading.cause;
    t.match(`${details.expected} ${details.got}`, expected, JSON.stringify(value));
  }
  for (const value of [
    {bake: '168h'},
    {budget: 1_000_000},
    {floor: 0},
    {zones: {floor: null}},
    {zones: {floor: 0}},
    {waves: [1]},
  ])
    t.ok(read(value).ok, JSON.stringify(value));
});

t.test('an amount is rounded to the careful side, and told as it was written', async t => {
  t.equal(atMost({percent: 20}, 9), 1);
  t.equal(atLeast({percent: 20}, 9), 2);
  t.equal(atMost({count: 7}, 3), 7);
  t.equal(atLeast({count: 7}, 3), 7);
  t.equal(amountText({percent: 20}), '20%');
  t.equal(amountText({count: 20}), '20');
});
