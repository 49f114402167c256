/** The rules that the pages print, word by word, under a default policy of deny: enough for a host, and no more than it needs. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {storePart} from '../../agent/cli/check/store.ts';
import type {Settings} from '../../agent/config/settings.ts';
import {EMPTY_LEDGER} from '../../agent/core/fleet/ledger.ts';
import {keysOf} from '../../agent/core/keys.ts';
import {reasonText} from '../../agent/core/reason.ts';
import type {Store} from '../../agent/ports.ts';
import {deploy} from '../../agent/runtime/operator/deploy.ts';
import {openStore, openStoreAs} from '../../agent/store/open.ts';
import {checkTraffic} from '../../agent/traffic/check.ts';
import {consulTraffic} from '../../agent/traffic/consul.ts';
import {startConsul} from '../support/consul.ts';
import {eventually} from '../support/eventually.ts';
import {fetch} from '../support/fetch.ts';
import {keptLog} from '../support/log.ts';
import {unmet} from '../support/needs.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {tokenFor} from './consul-acl.ts';
import {hostRules, NODE, operatorRules} from './rules.ts';

const never = new AbortController().signal;
const keys = keysOf('web', 'production');
const isRunning = async () => true;
const tuning = {sessionTtlMinMs: 1_000, callDeadlineMs: 5_000};
const refused = {name: 'ReasonError', reason: {kind: 'store.refused'}};

await t.test('the rules of the pages', {skip: unmet('root', 'debian')}, async t => {
  const consul = await startConsul(t, {acl: true, config: {node_name: NODE}});
  const headers = {'X-Consul-Token': consul.token ?? ''};
  const manage = (path: string, body: object = {}) =>
    fetch(`${consul.address}/v1/${path}`, {method: 'PUT', headers, body: JSON.stringify(body)});
  await manage('agent/service/register', {ID: 'web-1', Name: 'web', Port: 80});
  const tokenFile = join(await temporaryFolder(t), 'token');
  const place = {url: consul.address, tokenFile};
  const settings = {kind: 'consul', prefix: 'release-agent', ...place} as const;
  let made = 0;
  const use = async (rules: string): Promise<void> => {
    made += 1;
    await writeFile(tokenFile, await tokenFor(consul, `rules-${made}`, rules), {mode: 0o600});
  };

  const beAtItsVersion = async (store: Store): Promise<void> => {
    const version = (await store.get(keys.ledger, never))?.version ?? '';
    if (!(await store.isAt(keys.ledger, version, never))) throw new Error('not at its version');
  };

  /** Everything that the daemon of a host asks of Consul, as host and as coordinator. */
  const live = async (): Promise<void> => {
    const store = await openStore(settings, tuning);
    const options = {key: keys.host('i-1'), ttlMs: 1_000, takeOver: true};
    const older = await openStore(settings, tuning);
    try {
      await Promise.all([store.get(keys.desired, never), store.get(keys.policy, never)]);
      for (const key of [keys.ledger, keys.members, keys.told]) {
        const entry = await store.get(key, never);
        const put = await store.put(
          key,
          JSON.stringify(EMPTY_LEDGER),
          entry ? {version: entry.version} : 'absent',
          never,
        );
        if (!put.ok) throw new Error(`${key} was not written`);
      }
      await beAtItsVersion(store);
      await store.put(keys.notice, '{}', 'any', never);
      await store.put(keys.call('i-1'), '0', 'any', never);
      await store.put(keys.rollout(1), '{}', 'any', never);
      await older.presence(options).set('older', never);
      const host = store.presence(options);
      const hat = store.presence({key: keys.coordinator, ttlMs: 1_000, takeOver: false});
      if (!(await host.set('serving', never)) || !(await hat.set('i-1', never))) throw new Error('not held');
      if ((await store.list(keys.hosts, never)).length !== 1) throw new Error('no host is listed');
      await hat.release(never);
      await host.release(never);
      const traffic = consulTraffic({service: 'web', ...place, isRunning, log: keptLog().log});
      await traffic.leave(never);
      await traffic.rejoin(never);
      await eventually('to be back', async () => (await traffic.hiddenBy?.(never)) === null);
    } finally {
      await Promise.all([store.close(), older.close()]);
    }
  };
  const check = async () => {
    const webhooks = [{name: 'team', url: 'http://127.0.0.1/', format: 'json', events: []}] as const;
    const here = {app: 'web', channel: 'production', store: settings, webhooks};
    const subject = {settings: here as unknown as Settings, root: '/'};
    return {
      store: await storePart.examine(subject, never),
      traffic: await checkTraffic({service: 'web', ...place}, never),
    };
  };
  const fine = {store: {problems: [], notes: []}, traffic: null};

  await use(hostRules());
  await t.resolves(live(), 'of a host are enough');
  t.same(await check(), fine, 'check says so');
  const left = await (await fetch(`${consul.address}/v1/session/list`, {headers})).json();
  t.same(left, [], 'and no session is left, also not the one pushed aside');

  await t.test('are not more than a host needs', async t => {
    const store = await openStore(settings, tuning);
    t.teardown(() => store.close());
    for (const key of [keys.desired, keys.policy, 'web/staging/ledger', 'web/production/other'])
      await t.rejects(store.put(key, 'x', 'any', never), refused, `${key} is not written`);
    await manage('catalog/register', {Node: 'vault', Address: '127.0.0.1'});
    const {ID} = (await (await manage('session/create', {Node: 'vault', Checks: []})).json()) as {ID: string};
    const token = await tokenFor(consul, 'again', hostRules());
    const destroy = (who: string) =>
      fetch(`${consul.address}/v1/session/destroy/${ID}`, {method: 'PUT', headers: {'X-Consul-Token': who}});
    t.equal((await destroy(token)).status, 403, "another node's session is not ended");
    t.equal((await destroy(consul.token ?? '')).status, 200);
  });

  const lines = hostRules().trim().split('\n');
  t.ok(lines.length >= 9);
  for (const line of lines) {
    await use(lines.filter(each => each !== line).join('\n'));
    await t.rejects(live(), `and without ${line.replaceAll(/\s+/g, ' ')} it does not work`);
    t.notSame(await check(), fine, 'which check says');
  }

  await use('key_prefix "release-agent/" { policy = "write" } session_prefix "" { policy = "write" }');
  t.match(
    (await check()).store,
    {
      problems: [],
      notes: [/may write web\/production\/desired and .*policy and .*freeze and .*lock, .*more than/],
    },
    'a token that may deploy is noted',
  );

  await use(hostRules());
  const token = await tokenFor(consul, 'operator', operatorRules());
  const reader = await openStore(settings, tuning);
  t.teardown(() => reader.close());
  const parts = {
    store: reader,
    keys,
    vet: async () => undefined,
    openStoreAs: (shown: string) => openStoreAs(settings, shown),
  };
  const asked = {release: 'snap-22222222', by: 'ada', seen: null};
  const why = async (more: object) => {
    const answer = await deploy(parts, {...asked, ...more}, never);
    return answer.ok ? 'done' : reasonText(answer.reason);
  };
  t.match(
    await why({}),
    /the token of this host may not write .*desired: .*--token-file/,
    'a host does not deploy',
  );
  t.match(await why({token: 'unknown'}), /the token that was shown may not write/);
  t.equal(await why({token}), 'done', 'with the token of an operator it does');
  t.match(
    await why({token}),
    /asks for snap-22222222 meanwhile, by ada/,
    'their token is enough to see that it changed',
  );

  await use(operatorRules());
  const store = await openStore(settings, tuning);
  t.teardown(() => store.close());
  for (const key of [keys.desired, keys.policy, keys.freeze, keys.lock, keys.ledger]) {
    const before = await store.get(key, never);
    const put = store.put(key, 'x', before ? {version: before.version} : 'absent', never);
    t.match(await put, {ok: true}, `an operator's are enough for ${key}`);
  }
  for (const key of [keys.notice, keys.members, keys.coordinator, keys.host('i-1'), keys.call('i-1')])
    await t.rejects(
      store.put(key, 'x', 'any', never),
      refused,
      `and not for ${key}, which is the hosts' own`,
    );
});
