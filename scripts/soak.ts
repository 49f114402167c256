/** Release after release under load: `npm run soak -- --releases 300`. In the lab; docs/benchmarks.md says how to read it. */
import process from 'node:process';
import {unmet} from '../test/support/needs.ts';
import {type Options, readOptions, USAGE} from './soak-fleet/options.ts';
import {runSoak} from './soak-fleet/run.ts';

const say = (text: string): void => void process.stderr.write(`soak: ${text}\n`);

const main = async (): Promise<number> => {
  let options: Options | null;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    say(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options === null) {
    process.stdout.write(USAGE);
    return 0;
  }
  const needs = unmet('root', 'debian', 'loop');
  if (needs !== false) {
    say(`the soak ${needs}`);
    return 1;
  }
  return runSoak(options, say);
};

try {
  process.exitCode = await main();
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
}
