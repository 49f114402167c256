/** Every command that docs/rollouts.md prints, in its order, against a fleet that does what it is asked. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import t, {type Test} from 'tap';
import {openStore} from '../../../agent/store/open.ts';
import {host} from '../../core/fleet/fleet.ts';
import {startConsul} from '../../support/consul.ts';
import {unmet} from '../../support/needs.ts';
import {settle} from './live.ts';
import {emptyFleet, fleetIn, line, type TestFleet} from './store.ts';

const PAGE = join(import.meta.dirname, '../../../docs/rollouts.md');
const FIRST = 'snap-00000000000000000';
const DEAD = 'i-0aaaaaaaaaaaaaaaa';

const commandsOf = async (): Promise<readonly string[]> => {
  const page = await readFile(PAGE, 'utf8');
  const blocks = [...page.matchAll(/^ *```sh\n(.*?)^ *```$/gms)].map(([, block = '']) => block);
  return blocks
    .flatMap(block => block.split('\n').map(each => each.trim()))
    .filter(each => each.startsWith('agentctl '));
};

const argsOf = (command: string): readonly string[] =>
  [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '').slice(1);

/** What has to be so before a command makes sense. */
const before = (fleet: TestFleet, canary: TestFleet): Readonly<Record<string, () => Promise<void>>> => ({
  'agentctl unlock --break': () => fleet.put(fleet.keys.lock, {by: 'bob', why: 'lunch', at: 1}),
  'agentctl unify': async () => {
    await fleet.agentctl(['deploy', FIRST, '--share', '1', '--yes']);
    await settle(fleet);
  },
  [`agentctl release-permit ${DEAD}`]: async () => {
    const ledger = await fleet.ledger();
    const permit = {host: DEAD, fence: 99, release: FIRST, version: '1', since: 1};
    await fleet.put(fleet.keys.ledger, {...ledger, fence: 99, permits: [permit]});
  },
  'agentctl promote --from canary --to production': async () => {
    await canary.putHosts([host('i-c', {active: FIRST})]);
    await canary.put(canary.keys.desired, FIRST);
    await settle(canary);
  },
});

const runPage = async (t: Test, fleet: TestFleet): Promise<void> => {
  const canary = fleetIn(fleet.store, fleet.url, 'canary');
  const hosts = [DEAD, 'i-1', 'i-2', 'i-3'].map((name, n) =>
    host(name, {active: FIRST, zone: 'eu-central-1a', canary: n === 1}),
  );
  await fleet.putHosts(hosts);
  await fleet.put(fleet.keys.desired, FIRST);
  await fleet.put(fleet.keys.coordinator, 'i-1');
  await settle(fleet);
  const prepare = before(fleet, canary);
  const commands = await commandsOf();
  t.ok(commands.length > 20, `${commands.length} commands`);
  for (const command of commands) {
    await prepare[command]?.();
    const {exit, out, err} = await fleet.agentctl(argsOf(command), {confirm: async () => true});
    t.equal(exit, 0, `${command}: ${line(`${out} ${err}`)}`);
    await settle(fleet);
  }
  for (const name of Object.keys(prepare)) t.ok(commands.includes(name), `${name} is on the page`);
  t.match(await fleet.ledger(), {proven: 'snap-0fedcba9876543210', permits: [], denied: []});
  t.match(await fleet.agentctl(['fleet']), {exit: 0});
};

t.test('in a directory', async t => runPage(t, await emptyFleet(t)));

t.test('in a real Consul', {skip: unmet('root', 'debian')}, async t => {
  const {address} = await startConsul(t);
  const store = await openStore({kind: 'consul', url: address, prefix: 'release-agent'});
  t.teardown(() => store.close());
  await runPage(t, fleetIn(store, `consul://${new URL(address).host}/release-agent`));
});
