/**
 * Fleets in one process on simulated time: `npm run simulate -- --seeds 300 --from 1`. The same seed is the same run. Tells the first
 * failing seeds in their smallest form, with the command that replays each; fails when there is one.
 */
import {availableParallelism} from 'node:os';
import process from 'node:process';
import {parseArgs} from 'node:util';
import {runMany} from '../test/simulation/many.ts';
import {emptyCounts, summary} from '../test/simulation/report.ts';
import {type Result, runScenario} from '../test/simulation/run.ts';
import {drawScenario, type Part} from '../test/simulation/scenario/scenario.ts';
import {replayCommand, shrink} from '../test/simulation/shrink.ts';

const USAGE = `usage: npm run simulate -- [--seeds N] [--from K] [--hosts N] [--only I,J,… | none] [--jobs N] [--trace] [--first]

  --seeds N   so many runs (100)
  --from K    the first one's number (1)
  --hosts N   hosts of each fleet, instead of 50 to 300
  --only …    of what happens in a run only the Ith, the Jth …
  --jobs N    so many runs at once (as many as there are processors; 1 with --trace or --first)
  --trace     says everything that happens
  --first     ends with the first run that fails, and makes it no smaller
`;

const SHRINK = {tries: 60};
/** so many failing runs are made smaller */
const SHRUNK = 3;

const whole = (name: string, text: string | undefined, least: number): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`--${name}: expected a whole number from ${least}, got ${text}`);
};

const readOptions = (args: readonly string[]) => {
  const text = {type: 'string'} as const;
  const flag = {type: 'boolean', default: false} as const;
  const options = {
    seeds: text,
    from: text,
    hosts: text,
    only: text,
    jobs: text,
    trace: flag,
    first: flag,
    help: flag,
  };
  const {values} = parseArgs({args: [...args], options});
  const only = values.only === 'none' ? [] : values.only?.split(',').map(each => whole('only', each, 0) ?? 0);
  return {
    ...values,
    seeds: whole('seeds', values.seeds, 1) ?? 100,
    from: whole('from', values.from, 0) ?? 1,
    jobs: values.trace || values.first ? 1 : (whole('jobs', values.jobs, 1) ?? availableParallelism()),
    part: {hosts: whole('hosts', values.hosts, 1), only},
  };
};

type Options = ReturnType<typeof readOptions>;

const tell = (at: number, who: string, text: string): void =>
  console.log(`${(at / 1_000).toFixed(3).padStart(10)}  ${who.padEnd(10)}  ${text}`);

const tellFailed = (result: Result): void =>
  console.log(
    `seed ${result.scenario.number} fails: ${result.violations.join('\n  ')}\n  ${replayCommand(result)}`,
  );

/** A run by itself that tells everything. */
async function* runTold(numbers: Iterable<number>, part: Part): AsyncGenerator<Result, void> {
  for (const number of numbers) {
    const result = await runScenario(drawScenario(number, part), {onTrace: tell});
    console.log(`seed ${number}: ${result.end ?? 'no end'}, hash ${result.hash}`);
    yield result;
  }
}

function* numbersOf({seeds, from}: Options): Generator<number, void> {
  for (let number = from; number < from + seeds; number += 1) yield number;
}

const main = async (): Promise<number> => {
  const options = readOptions(process.argv.slice(2));
  const {part, jobs, trace, first, help} = options;
  if (help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const counts = emptyCounts();
  const numbers = numbersOf(options);
  for await (const result of trace ? runTold(numbers, part) : runMany({numbers, part, jobs})) {
    counts.add(result);
    if (result.violations.length === 0) continue;
    tellFailed(first || trace || counts.failed() > SHRUNK ? result : await shrink(result, SHRINK));
    if (first) break;
  }
  for (const line of summary(counts)) console.log(line);
  return counts.failed() > 0 ? 1 : 0;
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`simulate: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
