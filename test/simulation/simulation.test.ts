/** Fleets of 50 to 300 hosts on simulated time, other ones with every commit; `SEED=…` repeats a choice. */
import {availableParallelism} from 'node:os';
import t from 'tap';
import {everything, seedOf} from '../support/sample.ts';
import {runMany} from './many.ts';
import {hashOf} from './random.ts';
import {emptyCounts, summary} from './report.ts';
import {type Result, runScenario} from './run.ts';
import {drawScenario} from './scenario/scenario.ts';
import {replayCommand, shrink} from './shrink.ts';

const RUNS = everything() ? 3_000 : 300;

const told = (result: Result): string => `${result.violations.join('; ')}: ${replayCommand(result)}`;

t.test(
  'whatever happens to a fleet, its promises are kept, and it ends in a state that has a name',
  async t => {
    const first = hashOf(seedOf()) % 1_000_000;
    const counts = emptyCounts();
    const numbers = Array.from({length: RUNS}, (_, n) => first + n);
    for await (const result of runMany({numbers, jobs: availableParallelism()})) {
      counts.add(result);
      if (result.violations.length === 0) continue;
      t.fail(told(counts.failed() > 1 ? result : await shrink(result, {tries: 40})));
      if (counts.failed() > 3) break;
    }
    t.equal(counts.read().runs, RUNS);
    t.comment(`from ${first} on: npm run simulate -- --from ${first} --seeds ${counts.read().runs}`);
    for (const line of summary(counts)) t.comment(line);
  },
);

t.test('the same number is the same run, to the last event', async t => {
  const number = hashOf(seedOf()) % 1_000_000;
  const part = {hosts: 40};
  const [once, again] = [
    await runScenario(drawScenario(number, part)),
    await runScenario(drawScenario(number, part)),
  ];
  t.equal(again.hash, once.hash);
  t.equal(again.events, once.events);
  t.not((await runScenario(drawScenario(number + 1, part))).hash, once.hash);
});

t.test(
  'what it says is linear in hosts: nobody but a coordinator reads what grows with the fleet',
  async t => {
    const costs: number[] = [];
    for (const hosts of [40, 80, 160]) {
      const {requests, ms} = await runScenario(drawScenario(7, {hosts, only: [0, 1]}));
      costs.push(requests / hosts / (ms / 60_000));
    }
    const [few = 0, , many = 0] = costs;
    t.ok(
      many < 1.6 * few,
      `requests of a host in a minute: ${costs.map(cost => cost.toFixed(1)).join(', ')}`,
    );
  },
);
