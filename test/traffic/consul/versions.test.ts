/** Leaving traffic with the rights that are needed and no more, with versions of Consul that say differently what a token may not see. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t, {type Test} from 'tap';
import {consulTraffic} from '../../../agent/traffic/consul.ts';
import {tokenFor} from '../../store/consul-acl.ts';
import {startVersion, VERSIONS, type Version} from '../../support/consul-version/consul-version.ts';
import {eventually} from '../../support/eventually.ts';
import {fetch} from '../../support/fetch.ts';
import {keptLog} from '../../support/log.ts';
import {unmet} from '../../support/needs.ts';
import {reasonFrom} from '../../support/reason-from.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const signal = new AbortController().signal;
const WEB = 'service "web" { policy = "write" }';
const NODES = 'node_prefix "" { policy = "read" }';

/** A Consul with the service, one that the host's token may not see, and a check of the node that it may not see either. */
const start = async (t: Test, version: Version) => {
  const consul = await startVersion(t, version, {acl: true, config: {primary_datacenter: 'lab'}});
  const {token = ''} = consul;
  const put = async (path: string, body: object): Promise<void> => {
    const headers = {'X-Consul-Token': token};
    const reply = await fetch(`${consul.address}${path}`, {
      method: 'PUT',
      headers,
      body: JSON.stringify(body),
    });
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  };
  await put('/v1/agent/token/agent', {Token: token});
  await put('/v1/agent/service/register', {ID: 'web-1', Name: 'web', Port: 80});
  await put('/v1/agent/service/register', {Name: 'node-exporter', Port: 9100});
  await put('/v1/agent/check/register', {Name: 'disk', TTL: '60s', Status: 'passing'});
  const tokenFile = join(await temporaryFolder(t), 'token');
  const {log, lines} = keptLog();
  const traffic = consulTraffic({
    ...{service: 'web', url: consul.address, tokenFile, log},
    isRunning: async () => true,
  });
  let made = 0;
  const allow = async (rules: string): Promise<void> => {
    made += 1;
    await writeFile(tokenFile, await tokenFor(consul, `rules-${made}`, rules), {mode: 0o600});
  };
  return {consul, traffic, allow, tokenFile, lines};
};

const failsFor = async (t: Test, work: Promise<unknown> | undefined, cause: RegExp): Promise<void> => {
  t.match(await reasonFrom(work ?? Promise.resolve()), {kind: 'traffic.failed', details: {cause}});
};

for (const version of VERSIONS)
  t.test(`Consul ${version}`, {skip: unmet('root', 'debian')}, async t => {
    const {consul, traffic, allow, tokenFile, lines} = await start(t, version);

    await t.test('the least rights are enough, whatever else is registered', async t => {
      await allow(`${WEB} ${NODES}`);
      await traffic.leave(signal);
      await traffic.rejoin(signal);
      await eventually('the return to be visible', async () => (await traffic.hiddenBy?.(signal)) === null);
      t.same(lines, []);
    });

    await t.test('a token that may not read nodes: the missing rule is named, and at once', async t => {
      await allow(WEB);
      await failsFor(
        t,
        traffic.leave(signal),
        /may not see consul-server in the catalog: it needs node_prefix "" { policy = "read" }/,
      );
      t.equal(consul.requests.filter(each => each.startsWith('GET /v1/health/checks/')).length < 20, true);
      await traffic.rejoin(signal);
      await failsFor(t, traffic.hiddenBy?.(signal), /it needs node_prefix ""/);
      await allow(`${WEB} ${NODES}`);
      await eventually('the return to be visible', async () => (await traffic.hiddenBy?.(signal)) === null);
    });

    await t.test('a service that the token may not see is not one that is not registered', async t => {
      await allow(NODES);
      await failsFor(
        t,
        traffic.leave(signal),
        /may not see the service: it needs service "web" { policy = "write" }/,
      );
      await allow(`service "web" { policy = "read" } ${NODES}`);
      await failsFor(
        t,
        traffic.leave(signal),
        /may not change its maintenance: it needs service "web" { policy = "write" }/,
      );
      await writeFile(tokenFile, '11111111-2222-3333-4444-555555555555');
      await failsFor(t, traffic.leave(signal), /403: ACL not found/);
    });

    await t.test('a server that is asked too much is not taken for one that refuses', async t => {
      await allow(`${WEB} ${NODES}`);
      if (version === '1.8' || version === '1.11') return;
      consul.limit(1);
      await failsFor(t, traffic.leave(signal), /429: rate limit exceeded/);
      await traffic.leave(signal);
      await traffic.rejoin(signal);
    });
  });
