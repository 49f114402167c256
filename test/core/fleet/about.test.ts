import fc from 'fast-check';
import t from 'tap';
import {aboutHosts} from '../../../agent/core/fleet/about.ts';
import {EMPTY_LEDGER, readLedger} from '../../../agent/core/fleet/ledger.ts';
import {plan} from '../../../agent/core/fleet/plan.ts';
import {host, OLD, view} from './fleet.ts';

const fleetOf = (count: number) => Array.from({length: count}, (_, n) => host(`i-${n}`));

t.test(
  'about how many hosts there are: never fewer, an eighth more at most, and seldom another number',
  async t => {
    fc.assert(
      fc.property(fc.integer({min: 21, max: 20_000}), count => {
        const about = aboutHosts(count) ?? 0;
        return about >= count && about < count * 1.125 + 1;
      }),
    );
    const numbers = new Set(Array.from({length: 3_000}, (_, n) => aboutHosts(n)));
    t.ok(numbers.size < 70, `${numbers.size} different ones up to 3,000`);
    t.equal(aboutHosts(20), undefined);
    t.equal(aboutHosts(21), 22);
    t.equal(aboutHosts(33), 36, 'eight steps to the next power of two');
  },
);

t.test('the ledger says about how many hosts there are, but for a small fleet', async t => {
  const first = plan(view(fleetOf(100))).ledger;
  t.equal(first.hosts, 104);
  t.same(readLedger(JSON.stringify(first)), {ok: true, value: first});
  const same = plan(view(fleetOf(101), {ledger: first})).ledger;
  t.same(JSON.stringify(same), JSON.stringify(first), 'one host more is not written');
  const {ledger} = plan(view(fleetOf(20), {ledger: first}));
  t.notOk('hosts' in ledger);
  t.same(
    readLedger(JSON.stringify({...EMPTY_LEDGER, proven: OLD})).ok,
    true,
    'of an agent that knows nothing of it',
  );
});
