/**
 * How soon a fleet knows of a bump: `npm run bench -- watch [--hosts 1000] [--rounds 15]`. Every host watches the desired release through the real
 * adapter; beside them one host, and one `consul watch`. docs/benchmarks.md tells how to read it.
 */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {parseArgs} from 'node:util';
import {openStore} from '../../../agent/store/open.ts';
import {unmet} from '../../../test/support/needs.ts';
import {shippedOptions} from '../../as-shipped.ts';
import {bundled} from '../bundled.ts';
import {withConsul} from '../consul.ts';
import {median, rounded} from '../median.ts';
import {hostsOn} from './hosts.ts';
import {quantile, timesOf, type Watchers} from './rounds.ts';
import {consulWatch} from './single.ts';

const KEY = 'web/production/desired';
/** A process that stands for hundreds of machines: compiled and with room, as each of them has a processor and a heap of its own. */
const ONE_OF_MANY = ['--max-semi-space-size=128'];
const PREFIX = 'bench-watch';

const {values} = parseArgs({
  options: {hosts: {type: 'string', default: '1000'}, rounds: {type: 'string', default: '15'}},
});
const whole = (name: string, text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`expected --${name} to be a whole number, at least 1, got ${text}`);
};
const hosts = whole('hosts', values.hosts);
const rounds = whole('rounds', values.rounds);
const say = (text: string): void => void process.stderr.write(`watch: ${text}\n`);

const measure = (folder: string) =>
  withConsul(async ({address}, program) => {
    const shipped = await shippedOptions();
    const hosted = await bundled('watch/child.ts', folder);
    const store = await openStore({kind: 'consul', url: address, prefix: PREFIX});
    const fleet = (size: number, options: readonly string[]): Watchers =>
      hostsOn({program: hosted, options, address, prefix: PREFIX, key: KEY, hosts: size});
    await store.put(KEY, 'the first', 'any', new AbortController().signal);
    const single: Watchers = told => {
      const stop = consulWatch({program, address, key: `${PREFIX}/${KEY}`}, told);
      return {count: 1, stop};
    };
    const run = async (watchers: Watchers) => timesOf({store, key: KEY, rounds}, watchers);
    say(`one host, and one consul watch, ${rounds} rounds each`);
    const one = (await run(fleet(1, shipped))).flat();
    const theirs = (await run(single)).flat();
    say(`${hosts} hosts`);
    const all = await run(fleet(hosts, ONE_OF_MANY));
    const theirsAgain = (await run(single)).flat();
    await store.close();
    return {one, theirs: [...theirs, ...theirsAgain], all};
  });

const report = ({one, theirs, all}: Awaited<ReturnType<typeof measure>>): void => {
  const p99 = quantile(all.flat(), 0.99);
  const last = median(all.map(times => times.at(-1) ?? Number.NaN));
  console.log(
    JSON.stringify({
      bench: 'watch',
      hosts,
      p99_vs_consul_watch: rounded(p99 / median(theirs)),
      single_vs_consul_watch: rounded(median(one) / median(theirs)),
      last_vs_consul_watch: rounded(last / median(theirs)),
      p99_ms: rounded(p99, 1),
      last_ms: rounded(last, 1),
      single_ms: rounded(median(one), 1),
      consul_watch_ms: rounded(median(theirs), 1),
      rounds,
    }),
  );
};

const needs = unmet('root', 'debian');
if (needs !== false) {
  say(`this benchmark ${needs}`);
  process.exitCode = 1;
} else {
  const folder = await mkdtemp(join(tmpdir(), 'release-agent-watch-'));
  try {
    report(await measure(folder));
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
}
