import t from 'tap';
import {readOptions} from '../../../scripts/soak-fleet/options.ts';

t.test('without arguments: 300 releases on two instances', async t => {
  t.match(readOptions([]), {releases: 300, instances: 2});
});

t.test('what is given is taken', async t => {
  const given = ['--releases', '40', '--instances', '3', '--seed', '7', '--settle', '5'];
  t.same(readOptions(given), {releases: 40, instances: 3, seed: 7, settleMs: 5_000});
});

t.test('--help asks for the usage', async t => {
  t.equal(readOptions(['--help']), null);
});

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [['--releases', '10'], /expected --releases to be a whole number from 11 to 10000, got "10"/],
  [['--releases', '1e2'], /--releases .* got "1e2"/],
  [['--instances', '1'], /expected --instances to be a whole number from 2 to 8, got "1"/],
  [['--seed', '-1'], /--seed/],
  [['--settle', ''], /--settle .* got ""/],
  [['--release', '20'], /--release/],
  [['20'], /20/],
];

for (const [args, words] of WRONG)
  t.test(`${args.join(' ')} is refused in words`, async t => {
    t.throws(() => readOptions(args), words);
  });
