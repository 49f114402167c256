/** What tests ask of instances that run the agent. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {ask} from '../../../agent/control/client.ts';
import type {StatusReport} from '../../../agent/control/protocol.ts';
import type {Ledger} from '../../../agent/core/fleet/ledger.ts';
import type {State} from '../../../agent/core/host/state.ts';
import {eventually} from '../../support/eventually.ts';
import type {Region} from '../region.ts';
import type {Instance} from './host.ts';

/** The journalled state, read from outside; null before there is one. Also while the instance is off. */
export const journalled = async (
  {root}: Pick<Instance, 'root'>,
  name = 'journal.json',
): Promise<State | null> => {
  try {
    const text = await readFile(join(root, 'var/lib/release-agent', name), 'utf8');
    return (JSON.parse(text) as {state: State}).state;
  } catch {
    return null;
  }
};

/** The agent's own report, or null while it does not answer. Asked at its socket: an `agentctl` each time would cost more than the fleet. */
export const report = async (instance: Instance): Promise<StatusReport | null> => {
  const pid = instance.pid();
  if (pid === undefined) return null;
  const socket = `/proc/${pid}/root/run/release-agent/control.sock`;
  const response = await ask(socket, {verb: 'status'}, {timeoutMs: 5_000}).catch(() => null);
  return response?.ok ? response.value : null;
};

/** The name of the release that answers on the instance itself, null when none does. */
export const answers = async (instance: Instance): Promise<string | null> => {
  const {code, stdout} = await instance.exec(['curl', '-sf', '-m', '2', 'http://127.0.0.1:8080/version']);
  return code === 0 ? stdout : null;
};

/** Waits until every instance's agent says that it serves the release. */
export const serving = (
  instances: readonly Instance[],
  release: string,
  timeoutMs = 90_000,
): Promise<unknown> =>
  eventually(
    `${instances.length} instances to serve ${release}`,
    async () => {
      const reports = await Promise.all(instances.map(report));
      return reports.every(
        each => each?.phase === 'serving' && each.active?.release === release && each.serving,
      );
    },
    {timeoutMs, everyMs: 250},
  );

/** The fleet's ledger. */
export const ledgerOf = async ({consul}: Region): Promise<Ledger | null> => {
  const text = await consul.get('release-agent/web/production/ledger');
  return text === undefined || text === null ? null : (JSON.parse(text) as Ledger);
};

/** Waits until the ledger calls the release proven. */
export const proven = (region: Region, release: string): Promise<unknown> =>
  eventually(`${release} to be proven`, async () => (await ledgerOf(region))?.proven === release, {
    timeoutMs: 30_000,
    everyMs: 100,
  });

/** For a teardown: what the agents said, when the test failed. */
export const tellWhenFailed = async (
  t: {passing(): boolean; comment(text: string): void},
  {instances, consul}: Region,
): Promise<void> => {
  if (t.passing()) return;
  t.comment(`ledger: ${await consul.get('release-agent/web/production/ledger').catch(String)}`);
  for (const instance of instances) {
    const lines = (await instance.journal('release-agentd')).trimEnd().split('\n').slice(-40);
    t.comment(
      `${instance.id}:\n${lines.map(line => line.replace(/^\S+T(\S+)\+0000 \S+ /, '$1 ')).join('\n')}`,
    );
  }
};
