/** What must hold of every plan, tried on fleets made up at random. */
import fc from 'fast-check';
import t from 'tap';
import {budgetOf, failedHosts} from '../../../agent/core/fleet/failure/verdict.ts';
import {EMPTY_LEDGER, type Ledger} from '../../../agent/core/fleet/ledger.ts';
import {plan} from '../../../agent/core/fleet/plan.ts';
import type {HostStatus, ReportedOutcome} from '../../../agent/core/host/status.ts';
import type {Policy} from '../../../agent/core/policy/policy.ts';
import {holders, host, outcome, policy, view, waiting} from './fleet.ts';

const fleet = fc.uniqueArray(
  fc.record({
    instance: fc.integer({min: 0, max: 30}).map(n => `i-${n}`),
    serving: fc.boolean(),
    waits: fc.boolean(),
    result: fc.option(fc.constantFrom<ReportedOutcome['result']>('done', 'rolled-back', 'unused', 'stuck')),
  }),
  {selector: each => each.instance, minLength: 1, maxLength: 20},
);
const amount = fc.oneof(
  fc.integer({min: 0, max: 12}).map(count => ({count})),
  fc.integer({min: 0, max: 100}).map(percent => ({percent})),
);

const checkGrants = (before: Ledger, after: Ledger, hosts: readonly HostStatus[], rules: Policy): void => {
  const granted = after.permits.filter(permit => permit.fence > before.fence);
  if (after.fence < before.fence) throw new Error('the fence went back');
  if (new Set(after.permits.map(permit => permit.host)).size !== after.permits.length)
    throw new Error('two permits for one host');
  if (granted.length === 0) return;
  const size = new Set([...hosts.map(each => each.instance), ...holders(after)]).size;
  const limit = Math.max(
    1,
    'count' in rules.concurrency
      ? rules.concurrency.count
      : Math.floor((size * rules.concurrency.percent) / 100),
  );
  if (after.permits.length > limit) throw new Error(`${after.permits.length} out, ${limit} allowed`);
  const least = Math.min(
    size - 1,
    'count' in rules.floor ? rules.floor.count : Math.ceil((size * rules.floor.percent) / 100),
  );
  const stay = hosts.filter(each => each.serving && !holders(after).includes(each.instance)).length;
  const took = granted.some(permit => hosts.find(each => each.instance === permit.host)?.serving);
  if (took && stay < least) throw new Error(`${stay} serve, ${least} must`);
  if (failedHosts(after.failures) >= budgetOf(rules, size))
    throw new Error('a permit after the budget was spent');
};

t.test(
  'never more out than the limit by a grant, never below the floor by a grant, fences only grow',
  async t => {
    fc.assert(
      fc.property(
        fc.array(fleet, {minLength: 1, maxLength: 12}),
        amount,
        amount,
        fc.integer({min: 1, max: 4}),
        (rounds, concurrency, floor, budget) => {
          const rules = policy({concurrency, floor, budget: {count: budget}});
          let ledger: Ledger = EMPTY_LEDGER;
          for (const round of rounds) {
            const hosts = round.map(({instance, serving, waits, result}) => {
              const permit = ledger.permits.find(each => each.host === instance);
              const said = permit && result ? {outcome: outcome(permit.fence, result)} : {};
              return waits ? waiting(instance, {serving, ...said}) : host(instance, {serving, ...said});
            });
            const next = plan(view(hosts, {ledger, policy: rules}));
            checkGrants(ledger, next.ledger, hosts, rules);
            ledger = next.ledger;
          }
        },
      ),
      {numRuns: 3000},
    );
    t.pass('3000 fleets');
  },
);
