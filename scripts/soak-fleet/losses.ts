import type {LoadOptions, LoadResult, Sample} from '../../test/lab/application/load.ts';
import type {Region} from '../../test/lab/region.ts';

/**
 * Requests a second; one in two hundred takes three seconds, so that drains meet requests under way without waiting for one
 * each time.
 */
const LOAD = {rps: 50, seconds: 60, slowShare: 0.005} as const satisfies LoadOptions;

/** When a bad release that gets traffic and then ends was asked for and its end was seen, ms since the epoch. */
export type Excuse = {readonly from: number; readonly to: number};

export type Losses = {
  readonly requests: number;
  /** requests that were answered wrongly or not at all */
  readonly lost: readonly Sample[];
  /** those of them that a bad release lost itself */
  readonly lostByBad: readonly Sample[];
};

/** Requests without a pause, a new generator each minute; `stop` gives what became of them. */
export const startRequests = (region: Region) => {
  const failures: Sample[] = [];
  let [requests, isOver]: [number, boolean] = [0, false];
  let load = region.startLoad(LOAD);
  const take = ({samples, failures: failed}: LoadResult): void => {
    requests += samples.length;
    failures.push(...failed);
  };
  const running = (async () => {
    while (!isOver) {
      take(await load.result);
      if (!isOver) load = region.startLoad(LOAD);
    }
  })();
  let failure: unknown = null;
  running.catch(error => {
    failure = error;
  });
  return {
    /** How many were answered so far; throws when no more are sent. */
    requests: (): number => {
      if (failure !== null) throw failure;
      return requests;
    },
    stop: async (excuses: readonly Excuse[]): Promise<Losses> => {
      isOver = true;
      await load.stop();
      await running;
      return {requests, ...attribute(failures, excuses)};
    },
  };
};

/**
 * A bad release's own loss is a request that HAProxy gave to a host while a release that ends under traffic was being tried: its
 * answer names the host, or it hung up, as it does when a connection that it used before ends under the next request. A
 * request that found no host at all is never excused.
 */
const attribute = (failures: readonly Sample[], excuses: readonly Excuse[]): Omit<Losses, 'requests'> => {
  const isExcused = ({at, ms, server, status}: Sample): boolean =>
    (status === 0 || /^i\d+$/.test(server ?? '')) &&
    excuses.some(({from, to}) => at + ms >= from && at <= to);
  return {
    lost: failures.filter(each => !isExcused(each)),
    lostByBad: failures.filter(isExcused),
  };
};
