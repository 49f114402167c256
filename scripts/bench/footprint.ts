/**
 * What the idle agent costs a host: `npm run bench -- footprint [--seconds 60]`. In the lab, on one instance: the packaged agent after
 * ten updates, beside a bare Node process that holds one HTTP server. docs/benchmarks.md tells how to read it.
 */
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {FIRST_SWEEP_MS} from '../../agent/runtime/sweep.ts';
import {packageForLab} from '../../test/lab/image/package.ts';
import {startRegion} from '../../test/lab/region.ts';
import {unmet} from '../../test/support/needs.ts';
import {startBare, untilAtRest, watchIdle} from './footprint-idle.ts';
import {measureStart} from './footprint-start.ts';
import {tenUpdates} from './footprint-updates.ts';

const {values} = parseArgs({options: {seconds: {type: 'string', default: '60'}}});
const seconds = Number(values.seconds);

/** The first sweep of volumes, once in the life of an agent, is over then. */
const SWEPT_MS = FIRST_SWEEP_MS + 10_000;

/** Of a minute. */
const MS_PER_PERCENT = 600;

const say = (text: string): void => void process.stderr.write(`footprint: ${text}\n`);
const ratio = (ours: number, theirs: number): number => Math.round((100 * ours) / theirs) / 100;
const megabytes = (kilobytes: number): number => Math.round(kilobytes / 102.4) / 10;

const main = async (): Promise<void> => {
  const region = await startRegion({
    name: `foot-${process.pid % 10_000}`,
    instances: 1,
    deb: await packageForLab(),
  });
  process.once('SIGINT', () => void region.down().finally(() => process.exit(130)));
  try {
    const [instance] = region.instances;
    if (!instance) throw new Error('the region has no instance');
    const began = Date.now();
    say('one boot and ten updates, from EBS and git in turns');
    await tenUpdates(region, instance);
    await sleep(Math.max(0, began + SWEPT_MS - Date.now()));
    const agent = await instance.pidOfAgent();
    const bare = await startBare(instance);
    await untilAtRest(instance, agent);
    say(`both idle for ${seconds} s`);
    const [ours, theirs] = await Promise.all([agent, bare].map(pid => watchIdle(instance, pid, seconds)));
    if (!ours || !theirs) throw new Error('nothing was measured');
    say('starts, in turns');
    const start = await measureStart(instance);
    report({
      rss_ratio: ratio(ours.rss, theirs.rss),
      anon_ratio: ratio(ours.anonymous, theirs.anonymous),
      cpu_percent: ours.cpuPercent,
      start_vs_node: ratio(start.agent, start.node),
      minute_vs_node: ratio(ours.cpuPercent * MS_PER_PERCENT, start.node),
      rss_mb: megabytes(ours.rss),
      anon_mb: megabytes(ours.anonymous),
      bare_rss_mb: megabytes(theirs.rss),
      bare_anon_mb: megabytes(theirs.anonymous),
      children_cpu_percent: ours.childrenPercent,
      bare_cpu_percent: theirs.cpuPercent,
      start_ms: start.agent,
      node_ms: start.node,
      restart_ms: start.restart,
      seconds,
    });
  } finally {
    await region.down();
  }
};

const report = (figures: Readonly<Record<string, number>>): void => {
  console.log(JSON.stringify({bench: 'footprint', ...figures}));
};

const needs = unmet('root', 'debian', 'loop');
if (needs !== false) {
  say(`this benchmark ${needs}`);
  process.exitCode = 1;
} else await main();
