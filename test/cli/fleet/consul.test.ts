/** The verbs for a fleet against a real Consul that denies by default, with the rules that the pages print. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {readLedger} from '../../../agent/core/fleet/ledger.ts';
import {openStore} from '../../../agent/store/open.ts';
import {host, NEW, OLD, rollout} from '../../core/fleet/fleet.ts';
import {tokenFor} from '../../store/consul-acl.ts';
import {hostRules, operatorRules} from '../../store/rules.ts';
import {startConsul} from '../../support/consul.ts';
import {unmet} from '../../support/needs.ts';
import {temporaryFolder} from '../../support/temporary.ts';
import {fleetIn, line} from './store.ts';

const never = new AbortController().signal;

await t.test('with access control', {skip: unmet('root', 'debian')}, async t => {
  const consul = await startConsul(t, {acl: true});
  const folder = await temporaryFolder(t);
  const fileOf = async (name: string, token: string): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, token, {mode: 0o600});
    return file;
  };
  const management = await fileOf('management', consul.token ?? '');
  const settings = {
    kind: 'consul',
    url: consul.address,
    prefix: 'release-agent',
    tokenFile: management,
  } as const;
  const store = await openStore(settings);
  t.teardown(() => store.close());
  const fleet = fleetIn(store, `consul://${new URL(consul.address).host}/release-agent`);
  const {keys, put, putHosts, putLedger, text} = fleet;
  let made = 0;
  const withRules = async (rules: string): Promise<string> => {
    made += 1;
    return fileOf(`token-${made}`, await tokenFor(consul, `rules-${made}`, rules));
  };
  const by = async (tokenFile: string, args: readonly string[]) => {
    const ran = await fleet.agentctl([...args, '--token-file', tokenFile]);
    return {...ran, text: line(`${ran.out} ${ran.err}`)};
  };

  await putHosts([host('i-1'), host('i-2')]);
  const permit = {host: 'i-9', fence: 1, release: NEW, version: '2', since: 1};
  await putLedger({proven: OLD, rollout: rollout(), permits: [permit]});

  /** Every verb once: what it takes that somebody may do it. */
  const VERBS: readonly (readonly string[])[] = [
    ['deploy', NEW, '--share', '50%', '-m', 'the cart', '--yes'],
    ['promote', '--yes'],
    ['revert', '--yes'],
    ['unify', NEW, '--yes'],
    ['freeze', '-m', 'lunch'],
    ['thaw'],
    ['lock', '-m', 'the move'],
    ['unlock'],
    ['deny', 'snap-33333333', '--yes'],
    ['allow', 'snap-33333333'],
    ['release-permit', 'i-9', '--yes'],
    ['plan', NEW],
  ];

  const operator = await withRules(operatorRules());
  for (const args of VERBS) {
    const ran = await by(operator, args);
    t.equal(ran.exit, 0, `${args.join(' ')}: ${ran.text}`);
  }
  t.match(JSON.parse((await text(keys.desired)) ?? ''), {release: NEW, by: 'ada'});
  t.match(readLedger(await text(keys.ledger)), {value: {permits: [], denied: []}});
  t.same([await text(keys.freeze), await text(keys.lock)], [null, null]);
  const shown = await by(operator, ['fleet']);
  t.match([shown.exit, shown.out], [4, /^fleet +web\/production, 2 hosts$/m]);

  const hosts = await withRules(hostRules());
  const refused = /does not allow|Permission denied.*Show the token of an operator who may, by --token-file/;
  for (const args of [
    ['deploy', OLD, '--yes'],
    ['freeze', '-m', 'lunch'],
    ['lock', '-m', 'the move'],
  ]) {
    const ran = await by(hosts, args);
    t.match([ran.exit, ran.text], [1, refused], `a host's token: ${args[0]}`);
  }
  t.equal((await by(hosts, ['fleet'])).exit, 4, 'it looks');
  const unknown = await fileOf('unknown', '11111111-2222-3333-4444-555555555555');
  t.match(await by(unknown, ['fleet']), {exit: 1, text: /ACL not found.*--token-file/});
  t.match(await fleet.agentctl(['fleet']), {exit: 1, err: /Permission\s+denied|refuses/}, 'no token');

  // what a compare-and-set replaces is a version of this store, too
  await put(keys.desired, OLD);
  const confirm = async () => {
    await put(keys.desired, {release: 'snap-33333333', by: 'bob'});
    return true;
  };
  const late = await fleet.agentctl(['deploy', NEW, '--token-file', operator], {confirm});
  t.match([late.exit, line(late.err)], [1, /asks for snap-33333333 meanwhile, by bob/]);

  await store.delete(keys.ledger, 'any', never);
  t.equal((await by(operator, ['deny', NEW, '--yes'])).exit, 0, 'a fleet that has not begun');

  await consul.stop();
  const away = await by(operator, ['fleet']);
  t.match([away.exit, away.text], [3, /the store consul:\/\/.* does not answer/]);
});
