/** A fleet in a real directory store, and agentctl run against it. */
import {join} from 'node:path';
import {runAgentctl} from '../../../agent/cli/program.ts';
import type {Terminal} from '../../../agent/cli/terminal.ts';
import {EMPTY_LEDGER, type Ledger, readLedger} from '../../../agent/core/fleet/ledger.ts';
import type {HostStatus} from '../../../agent/core/host/status.ts';
import {type Keys, keysOf} from '../../../agent/core/keys.ts';
import type {Store} from '../../../agent/ports.ts';
import {openDirectoryStore} from '../../../agent/store/directory.ts';
import {temporaryFolder} from '../../support/temporary.ts';

type Teardown = {teardown(end: () => Promise<void>): void};

const never = new AbortController().signal;

export interface TestFleet {
  readonly store: Store;
  readonly keys: Keys;
  readonly url: string;
  put(key: string, value: unknown): Promise<void>;
  putHosts(hosts: readonly HostStatus[]): Promise<void>;
  putLedger(over: Partial<Ledger>): Promise<void>;
  ledger(): Promise<Ledger>;
  text(key: string): Promise<string | null>;
  agentctl(args: readonly string[], more?: Partial<Terminal>): Promise<Ran>;
}

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs agentctl in this process. `USER` is ada unless `env` says otherwise. */
export const runIn = async (args: readonly string[], more: Partial<Terminal> = {}): Promise<Ran> => {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    say: (text: string) => void out.push(text),
    complain: (text: string) => void err.push(text),
    ...more,
    env: {USER: 'ada', RELEASE_AGENT_ROOT: '/nonexistent', ...more.env},
  };
  const exit = await runAgentctl(args, terminal);
  return {exit, out: out.join('\n'), err: err.join('\n')};
};

/** What was said, on one line. */
export const line = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** The fleet of `web` in one channel of a store. */
export const fleetIn = (store: Store, url: string, channel = 'production'): TestFleet => {
  const keys = keysOf('web', channel);
  const put = async (key: string, value: unknown): Promise<void> => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    await store.put(key, text, 'any', never);
  };
  const text = async (key: string) => (await store.get(key, never))?.value ?? null;
  return {
    store,
    keys,
    url,
    put,
    putHosts: async hosts => {
      for (const host of hosts) await put(keys.host(host.instance), host);
    },
    putLedger: over => put(keys.ledger, {...EMPTY_LEDGER, ...over}),
    ledger: async () => {
      const reading = readLedger(await text(keys.ledger));
      if (!reading.ok) throw new Error(JSON.stringify(reading.cause));
      return reading.value;
    },
    text,
    agentctl: (args, more = {}) => {
      const env = {RELEASE_AGENT_STORE: url, RELEASE_AGENT_APP: 'web', RELEASE_AGENT_CHANNEL: channel};
      return runIn(args, {...more, env: {...env, ...more.env}});
    },
  };
};

/** An empty fleet in a folder of its own. */
export const emptyFleet = async (t: Teardown): Promise<TestFleet> => {
  const path = join(await temporaryFolder(t), 'store');
  const store = await openDirectoryStore({path});
  t.teardown(() => store.close());
  return fleetIn(store, `file://${path}`);
};
