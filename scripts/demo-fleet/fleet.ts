import {writeFileSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import type {StatusReport} from '../../agent/control/protocol.ts';
import {keysOf} from '../../agent/core/keys.ts';
import {type Balancer, startBalancer} from './balancer.ts';
import {APP, CHANNEL} from './configuration.ts';
import {followHost, newsOf} from './follow.ts';
import {createHost, type Host} from './host.ts';
import {createLoad, type Load} from './load.ts';
import {findPorts} from './ports.ts';
import {createReleases, type Releases} from './releases.ts';
import type {View} from './view.ts';
import {until} from './wait.ts';

export interface Fleet {
  readonly hosts: readonly Host[];
  readonly balancer: Balancer;
  readonly load: Load;
  readonly releases: Releases;
  /** where the git repository goes */
  readonly repository: string;
  readonly store: string;
  /** the files of two of its keys */
  readonly desired: string;
  readonly policy: string;
  /** Starts the agents. */
  start(): void;
  /** Writes a key, as `echo` would. */
  write(file: string, value: string): Promise<void>;
  /** Returns when the hosts stand as `done` wants; throws with how they stand after `timeoutMs`. */
  until(goal: Goal, signal: AbortSignal): Promise<void>;
  /** Ends all that runs. Gives what could not be ended. */
  end(options: {readonly patient: boolean}): Promise<readonly string[]>;
}

export interface Goal {
  readonly what: string;
  readonly done: (reports: readonly StatusReport[]) => boolean;
  readonly timeoutMs: number;
}

const SAME_MS = 10_000;
export const HOSTS = ['host-1', 'host-2', 'host-3', 'host-4', 'host-5', 'host-6'] as const;
/** Each host is in the next one, and in the first again after the last. */
export const ZONES = ['zone-1', 'zone-2', 'zone-3'] as const;

/** Makes a fleet below `directory`, with its load balancer; nothing of it runs yet. */
export const makeFleet = async ({directory, view}: {directory: string; view: View}): Promise<Fleet> => {
  const releases = createReleases();
  let ending = false;
  const tell = (who: string, text: string) => ending || view.event(who, releases.inWords(text));
  const why = createWhy((who, text) => view.event(who, `why: ${releases.inWords(text)}`, 'why'));
  const ports = await findPorts(HOSTS.length);
  const places = HOSTS.map((name, index) => ({name, port: ports[index] ?? 0}));
  const balancer = await startBalancer({hosts: places, tell: text => tell('balancer', text)});
  const [store, repository] = [join(directory, 'store'), join(directory, 'repository')];
  const hosts = places.map(({name, port}, index) =>
    createHost({
      ...{name, port, store, repository, root: join(directory, name)},
      zone: ZONES[index % ZONES.length] ?? ZONES[0],
      canary: index === 0,
      balancerPort: balancer.controlPort,
      say: ({text, tone}) => (tone === 'why' ? why(name, text) : tell(name, text)),
    }),
  );
  const load = createLoad();
  const keys = keysOf(APP, CHANNEL);
  const [desired, policy] = [join(store, keys.desired), join(store, keys.policy)];
  const {start, until, end} = run({hosts, releases, why});
  return {
    ...{hosts, balancer, load, releases, repository, store, desired, policy, start, until},
    write: async (file, value) => {
      await mkdir(dirname(file), {recursive: true});
      writeFileSync(file, `${value}\n`);
    },
    end: async ({patient}) => {
      ending = true;
      await load.end({patient});
      const problems = await end();
      await balancer.close();
      return problems;
    },
  };
};

// Log and status both say why, one soon after the other, and hosts may have the same reason: once is enough.
const createWhy = (tell: (host: string, text: string) => void) => {
  const told = new Map<string, number>();
  return (host: string, text: string): void => {
    const now = performance.now();
    if (now - (told.get(text) ?? -Infinity) > SAME_MS) tell(host, text);
    told.set(text, now);
  };
};

interface Running {
  readonly hosts: readonly Host[];
  readonly releases: Releases;
  readonly why: (host: string, text: string) => void;
}

const run = ({hosts, releases, why}: Running) => {
  const following = new AbortController();
  const known = new Map<string, StatusReport>();
  const reports = () => [...known.values()];
  const see = (name: string) => (report: StatusReport) => {
    const news = newsOf(report, known.get(name));
    if (news) why(name, news);
    known.set(name, report);
    releases.see(reports(), hosts.length);
  };
  const done = ({done: wanted}: Goal) => {
    const problem = hosts.map(host => host.problem()).find(text => text !== null);
    if (problem) throw new Error(problem);
    return wanted(reports());
  };
  const instead = () =>
    reports()
      .map(({instance, step}) => `${instance} is ${step}`)
      .join(', ');
  return {
    start: () => {
      for (const host of hosts) {
        host.start();
        void followHost({socket: host.socket, see: see(host.name)}, following.signal);
      }
    },
    until: (goal: Goal, signal: AbortSignal) =>
      until(
        {...goal, done: () => done(goal), instead: () => releases.inWords(instead()) || 'no host answers'},
        signal,
      ),
    end: async (): Promise<readonly string[]> => {
      following.abort();
      const ends = await Promise.allSettled(hosts.map(host => host.end()));
      return ends.flatMap(end => (end.status === 'rejected' ? [String(end.reason)] : []));
    },
  };
};
