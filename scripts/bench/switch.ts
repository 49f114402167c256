/**
 * How long a switch takes a host out of traffic: `npm run bench -- switch [--rounds 7] [--large-rounds 3]`. In the lab, an application
 * that takes 3 s to start, beside a bare `systemctl restart` of it. docs/benchmarks.md tells how to read it.
 */
import process from 'node:process';
import {parseArgs} from 'node:util';
import {packageForLab} from '../../test/lab/image/package.ts';
import {serving} from '../../test/lab/instance/agents.ts';
import type {Instance} from '../../test/lab/instance/host.ts';
import {type Region, startRegion} from '../../test/lab/region.ts';
import {eventually} from '../../test/support/eventually.ts';
import {unmet} from '../../test/support/needs.ts';
import {median, rounded} from './median.ts';
import {publishOf, START_S} from './switch-release.ts';
import {configOf, filesOf, installRestart, SETTINGS, timeRestart, timeSwitch} from './switch-round.ts';

const say = (text: string): void => void process.stderr.write(`switch: ${text}\n`);

const {values} = parseArgs({
  options: {rounds: {type: 'string', default: '7'}, 'large-rounds': {type: 'string', default: '3'}},
});
const whole = (name: string, text: string, least: number): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`expected --${name} to be a whole number, at least ${least}, got ${text}`);
};
const rounds = whole('rounds', values.rounds, 1);
const largeRounds = whole('large-rounds', values['large-rounds'], 0);

const SMALL_MIB = 10;
const LARGE_MIB = 10 * 1_024;
/** A host keeps the release before: of three in turns, each is staged anew. */
const SMALL = 3;

type Times = {readonly restart: number[]; readonly small: number[]; readonly large: number[]};

const measure = async (region: Region, instance: Instance): Promise<Times> => {
  const small: string[] = [];
  for (let n = 0; n < SMALL; n += 1) small.push(await publishOf(region, `small-${n}`, SMALL_MIB));
  await region.desire(small.at(-1) ?? '');
  await instance.boot();
  await serving([instance], small.at(-1) ?? '');
  await installRestart(instance);
  const load = region.startLoad({rps: 50, seconds: 900, slowShare: 0});
  const times: Times = {restart: [], small: [], large: []};
  const restart = async (): Promise<void> => {
    times.restart.push(await timeRestart(instance));
    await inTraffic(region, instance);
  };
  const change = async (size: 'small' | 'large', release: string): Promise<void> => {
    await restart();
    times[size].push(await timeSwitch(region, instance, release));
    say(`restart ${seconds(times.restart.at(-1))} s, ${size} ${seconds(times[size].at(-1))} s`);
  };
  for (let n = 0; n < rounds; n += 1) await change('small', small[n % SMALL] ?? '');
  if (largeRounds > 0) {
    say('making the large release');
    const large = await publishOf(region, 'large', LARGE_MIB);
    for (let n = 0; n < largeRounds; n += 1) {
      await change('large', large);
      for (let back = 0; back < 2; back += 1)
        await change('small', small[(rounds + 2 * n + back) % SMALL] ?? '');
    }
  }
  await load.stop();
  return times;
};

const inTraffic = (region: Region, {ip}: Instance): Promise<unknown> =>
  eventually('the host to be in traffic', () => region.balancer.ready().includes(ip), {timeoutMs: 30_000});

const seconds = (ms = Number.NaN): number => rounded(ms / 1_000, 2);

const report = ({restart, small, large}: Times): void => {
  const bare = median(restart);
  const [ours10MB, ours10GB] = [small, large].map(times => (times.length === 0 ? Number.NaN : median(times)));
  console.log(
    JSON.stringify({
      bench: 'switch',
      vs_restart_10MB: rounded((ours10MB ?? Number.NaN) / bare, 3),
      vs_restart_10GB: rounded((ours10GB ?? Number.NaN) / bare, 3),
      restart_s: seconds(bare),
      out_10MB_s: seconds(ours10MB),
      out_10GB_s: seconds(ours10GB),
      start_s: START_S,
      rounds_10MB: small.length,
      rounds_10GB: large.length,
      probe_every_ms: SETTINGS.probeEveryMs,
      passes: SETTINGS.passes,
      quiet_ms: SETTINGS.quietMs,
    }),
  );
};

const main = async (): Promise<void> => {
  const region = await startRegion({
    name: `switch-${process.pid % 10_000}`,
    instances: 1,
    deb: await packageForLab(),
    config: configOf,
    files: filesOf,
  });
  process.once('SIGINT', () => void region.down().finally(() => process.exit(130)));
  try {
    const [instance] = region.instances;
    if (!instance) throw new Error('the region has no instance');
    report(await measure(region, instance));
  } finally {
    await region.down();
  }
};

const needs = unmet('root', 'debian', 'loop');
if (needs !== false) {
  say(`this benchmark ${needs}`);
  process.exitCode = 1;
} else await main();
