import process from 'node:process';
import {packageForLab} from '../../test/lab/image/package.ts';
import {type Region, startRegion} from '../../test/lab/region.ts';
import {roll} from './course.ts';
import {bootFleet, configOf, publishAhead} from './fleet.ts';
import {type Excuse, type Losses, startRequests} from './losses.ts';
import {inventory, type Measures, measure, measureAtRest} from './measure.ts';
import type {Options} from './options.ts';
import {planOf} from './plan.ts';
import {grownOf} from './verdict.ts';

export type Say = (text: string) => void;

/** Makes the region, soaks it, prints the figures, and gives the exit status. The region is removed whatever happens. */
export const runSoak = async (options: Options, say: Say): Promise<number> => {
  const began = performance.now();
  const region = await startRegion({
    name: `soak-${process.pid % 100_000}`,
    instances: options.instances,
    deb: await packageForLab(),
    config: configOf,
  });
  const interrupted = () => void region.down().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    await bootFleet(region);
    const result = await soak(region, options, say);
    if (isGrown(result, options)) say(await inventory(region));
    return conclude({...result, options, minutes: (performance.now() - began) / 60_000}, say);
  } catch (error) {
    for (const {id, journal} of region.instances)
      say(`${id}:\n${(await journal('release-agentd')).split('\n').slice(-60).join('\n')}`);
    throw error;
  } finally {
    await region.down();
  }
};

type Soaked = {
  readonly losses: Losses;
  readonly after10: Measures;
  readonly atEnd: Measures;
  readonly bad: number;
};

const soak = async (region: Region, options: Options, say: Say): Promise<Soaked> => {
  const next = publishAhead(region, planOf(options));
  const requests = startRequests(region);
  const excuses: Excuse[] = [];
  let [after10, bad]: [Measures | null, number] = [null, 0];
  let clock = performance.now();
  for (let release = await next(); release !== null; release = await next()) {
    const from = Date.now();
    await roll(region, release);
    if (release.bad) bad += 1;
    if (release.bad?.loses) excuses.push({from, to: Date.now()});
    if (release.bad) say(`release ${release.number} (${release.fs}, ${release.bad.kind}) was ended`);
    if (release.number === 10) after10 = await measureAtRest(region, options.settleMs);
    if (release.number % 10 === 0) {
      const seconds = ((performance.now() - clock) / 10_000).toFixed(1);
      say(
        `${release.number} releases, ${seconds} s each, ${requests.requests()} requests; ${summary(await measure(region))}`,
      );
      clock = performance.now();
    }
  }
  const atEnd = await measureAtRest(region, options.settleMs);
  if (after10 === null) throw new Error('the tenth release was never reached');
  return {losses: await requests.stop(excuses), after10, atEnd, bad};
};

const isGrown = ({after10, atEnd}: Soaked, {instances}: Options): boolean =>
  grownOf({after10, atEnd, instances}).length > 0;

const summary = ({rss_kb, anon_kb, fds, disk_kb, volumes, slots}: Measures): string =>
  `resident ${rss_kb} kB, anonymous ${anon_kb} kB, ${fds} descriptors, ${slots} slots, ${volumes} volumes, ${disk_kb} kB on disk`;

const conclude = (
  {losses, after10, atEnd, bad, options, minutes}: Soaked & {options: Options; minutes: number},
  say: Say,
): number => {
  const {requests, lost, lostByBad} = losses;
  for (const sample of lost.slice(0, 20)) say(`lost: ${JSON.stringify(sample)}`);
  const grown = grownOf({after10, atEnd, instances: options.instances});
  for (const line of grown) say(line);
  const names = Object.keys(after10) as (keyof Measures)[];
  const measures = names.flatMap(name => [
    [`${name}_after_10`, after10[name]] as const,
    [`${name}_at_end`, atEnd[name]] as const,
  ]);
  console.log(
    JSON.stringify({
      bench: 'soak',
      releases: options.releases,
      bad,
      requests,
      lost: lost.length,
      lost_by_bad: lostByBad.length,
      minutes: Math.round(10 * minutes) / 10,
      instances: options.instances,
      seed: options.seed,
      grown: grown.length,
      ...Object.fromEntries(measures),
    }),
  );
  return lost.length === 0 && grown.length === 0 ? 0 : 1;
};
