/**
 * How long a coordinator thinks: `npm run bench -- plan`. The planner is bundled as the package bundles the agent and runs with the options
 * of its unit. It is one piece of work on the loop that also renews sessions and feeds the watchdog, so it has to stay short.
 */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {shippedOptions} from '../as-shipped.ts';
import {bundled} from './bundled.ts';
import {rounded} from './median.ts';
import {run} from './run.ts';

const PROCESSES = 3;
const SIZES = [100, 300, 1_000, 3_000] as const;

interface Times {
  readonly hosts: number;
  readonly waiting: number;
  readonly halfway: number;
  readonly members: number;
  readonly read: number;
}

const measure = async (folder: string): Promise<readonly Times[]> => {
  const program = await bundled('plan-child.ts', folder);
  const command = [process.execPath, ...(await shippedOptions()), program, ...SIZES.map(String)];
  const times: (readonly Times[])[] = [];
  for (let n = 0; n < PROCESSES; n += 1) times.push(JSON.parse(await run(command)) as readonly Times[]);
  return SIZES.map((_, place) => leastOf(times.flatMap(each => each[place] ?? [])));
};

/** Each figure of the process in which it was least: what else the machine does only adds. */
const leastOf = (times: readonly Times[]): Times => {
  const least = (name: keyof Times): number => Math.min(...times.map(each => each[name]));
  const [hosts, waiting, halfway] = [least('hosts'), least('waiting'), least('halfway')];
  return {hosts, waiting, halfway, members: least('members'), read: least('read')};
};

const folder = await mkdtemp(join(tmpdir(), 'release-agent-plan-'));
try {
  const times = await measure(folder);
  console.log(
    'hosts   all wait   halfway   members   statuses read for the first time   (ms, best of three in the best of three processes)',
  );
  for (const {hosts, waiting, halfway, members, read} of times)
    console.log(
      [hosts, waiting, halfway, members, read].map(n => rounded(n).toString().padStart(7)).join('   '),
    );
  const msOf = (count: number): number => times.find(({hosts}) => hosts === count)?.waiting ?? Number.NaN;
  const growth = rounded(msOf(3_000) / msOf(300));
  console.log(
    JSON.stringify({bench: 'plan', ms_300: rounded(msOf(300)), ms_3000: rounded(msOf(3_000)), growth}),
  );
} finally {
  await rm(folder, {recursive: true, force: true});
}
