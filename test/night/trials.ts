/** Long tables of trials on a few instances side by side, under a load of which nothing may be lost. */
import type {Test} from 'tap';
import type {LoadOptions, Sample} from '../lab/application/load.ts';
import type {Region} from '../lab/region.ts';

export interface Trial<L> {
  readonly name: string;
  readonly run: (t: Test, lane: L) => Promise<void>;
}

/** `ROWS=<regular expression>` picks the trials to run by hand. */
export const pickedByHand = <T extends {readonly name: string}>(
  trials: readonly T[],
): readonly T[] | null => {
  const {ROWS} = process.env;
  return ROWS === undefined ? null : trials.filter(({name}) => new RegExp(ROWS).test(name));
};

/** Each lane takes the next trial that nobody has taken. */
export const runAll = async <L>(t: Test, lanes: readonly L[], trials: readonly Trial<L>[]): Promise<void> => {
  const left = trials.values();
  const work = async (lane: L): Promise<void> => {
    for (const {name, run} of left) {
      const began = performance.now();
      await t.test(name, {buffered: true}, t => run(t, lane));
      t.comment(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    }
  };
  t.jobs = lanes.length;
  await Promise.all(lanes.map(work));
  t.comment(`${trials.length} rows`);
};

const LOAD: LoadOptions = {rps: 40, seconds: 800, slowShare: 0.01};

/** Runs work under load and gives every request that was not answered well; a load ends by itself before long, then the next begins. */
export const lostUnderLoad = async (
  t: Test,
  region: Region,
  work: () => Promise<void>,
): Promise<readonly Sample[]> => {
  const over = new AbortController();
  const loads = (async () => {
    const lost: Sample[] = [];
    let requests = 0;
    while (!over.signal.aborted) {
      const load = region.startLoad(LOAD);
      over.signal.addEventListener('abort', () => void load.stop(), {once: true});
      const result = await load.result;
      requests += result.requests;
      lost.push(...result.failures);
    }
    t.comment(`${requests} requests, ${lost.length} lost`);
    return lost;
  })();
  try {
    await work();
  } finally {
    over.abort();
  }
  return loads;
};
