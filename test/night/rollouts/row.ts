/** A row: a policy, what operators and bad luck do, and what must hold meanwhile. */
import type {Test} from 'tap';
import type {Sample} from '../../lab/application/load.ts';
import {ledgerOf} from '../../lab/instance/agents.ts';
import type {Instance} from '../../lab/instance/host.ts';
import type {Region} from '../../lab/region.ts';
import {type Night, SIZE, settle} from './night.ts';

export interface Row {
  readonly name: string;
  /** how many hosts may be out of traffic at once, by a permit */
  readonly most: number;
  /** the rest of the policy */
  readonly policy?: Readonly<Record<string, unknown>>;
  /** How many serve at the least; all others unless told, with the floor of the policy as the lowest. */
  readonly least?: number;
  /** There must be a release before the proven one, to go back to. */
  readonly hasPrevious?: true;
  /** Gives those that are cut off while they serve: what they have taken is lost with them. */
  readonly run: (t: Test, night: Night) => Promise<readonly Instance[] | undefined>;
}

const LOAD = {rps: 60, seconds: 600, slowShare: 0.005};

/** Lives through a row under load: no request is lost, and never are more hosts out than may be. */
export const liveThrough = async (t: Test, night: Night, row: Row): Promise<void> => {
  const {most, policy = {}, least = SIZE - most} = row;
  await settle(night, {concurrency: most, ...policy}, row);
  const seen = observe(night.region);
  const load = night.region.startLoad(LOAD);
  let lossy: readonly Instance[] = [];
  try {
    lossy = (await row.run(t, night)) ?? [];
  } finally {
    const {requests, failures} = await load.stop();
    const {permits, inTraffic} = seen.end();
    t.same(unexplained(failures, lossy).slice(0, 3), [], `${requests} requests, ${failures.length} lost`);
    t.ok(permits <= most, `never more than ${permits} permits out, of ${most}`);
    t.ok(inTraffic >= least, `never fewer than ${inTraffic} in traffic, of ${least}`);
  }
};

const unexplained = (failures: readonly Sample[], lossy: readonly Instance[]): readonly Sample[] => {
  const servers = lossy.map(({index}) => `i${index}`);
  return failures.filter(({server}) => server === undefined || !servers.includes(server));
};

const LOOK_MS = 50;

/** Looks at the region again and again: the most permits that were out, the fewest hosts in traffic. */
const observe = (region: Region): {end(): {readonly permits: number; readonly inTraffic: number}} => {
  let [permits, inTraffic, isBusy] = [0, region.balancer.ready().length, false];
  const look = async (): Promise<void> => {
    inTraffic = Math.min(inTraffic, region.balancer.ready().length);
    if (isBusy) return;
    isBusy = true;
    // Consul may be away, which is what a row is about
    const ledger = await ledgerOf(region).catch(() => null);
    permits = Math.max(permits, ledger?.permits.length ?? 0);
    isBusy = false;
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  return {
    end: () => {
      clearInterval(timer);
      return {permits, inTraffic};
    },
  };
};
