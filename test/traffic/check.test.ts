import {writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import t from 'tap';
import {trafficPart} from '../../agent/cli/check/traffic.ts';
import type {Settings} from '../../agent/config/settings.ts';
import {checkTraffic} from '../../agent/traffic/check.ts';
import {tokenFor} from '../store/consul-acl.ts';
import {startVersion} from '../support/consul-version/consul-version.ts';
import {fetch} from '../support/fetch.ts';
import {unmet} from '../support/needs.ts';
import {temporaryFolder} from '../support/temporary.ts';

const signal = new AbortController().signal;
const NODES = 'node_prefix "" { policy = "read" }';

const RULES: readonly (readonly [name: string, rules: string, problem: RegExp | null])[] = [
  ['nothing', '', /^the token may not see the service: it needs service "web" \{ policy = "write" \}$/],
  [
    'see it',
    `service "web" { policy = "read" } ${NODES}`,
    /^the token may not change its maintenance: it needs service "web" \{ policy = "write" \}$/,
  ],
  [
    'change it',
    'service "web" { policy = "write" }',
    /^the token may not see hosts in the catalog: it needs node_prefix "" \{ policy = "read" \}$/,
  ],
  ['all that is needed', `service "web" { policy = "write" } ${NODES}`, null],
];

for (const version of ['1.8', '1.20'] as const)
  t.test(`a token of Consul ${version} that may`, {skip: unmet('root', 'debian')}, async t => {
    const consul = await startVersion(t, version, {acl: true});
    const {address: url, token = ''} = consul;
    const tokenFile = join(await temporaryFolder(t), 'token');
    const headers = {'X-Consul-Token': token};
    const ask = async (path: string) => (await fetch(`${url}${path}`, {headers})).json();
    const check = () => checkTraffic({service: 'web', url, tokenFile}, signal);

    for (const registered of [false, true]) {
      const body = JSON.stringify({ID: 'web-1', Name: 'web', Port: 80});
      if (registered) await fetch(`${url}/v1/agent/service/register`, {method: 'PUT', headers, body});
      const before = JSON.stringify(
        await Promise.all(
          ['agent/services', 'agent/checks', 'catalog/services'].map(each => ask(`/v1/${each}`)),
        ),
      );
      for (const [n, [name, rules, problem]] of RULES.entries()) {
        await writeFile(tokenFile, await tokenFor(consul, `${registered}-${n}`, rules), {mode: 0o600});
        const found = await check();
        if (problem) t.match(found, {kind: 'problem', text: problem}, name);
        else if (registered) t.equal(found, null, name);
        else
          t.match(found, {
            kind: 'note',
            text: /^the service web is not registered with the agent of Consul at 127\.0\.0\.1:\d+ yet$/,
          });
      }
      const after = JSON.stringify(
        await Promise.all(
          ['agent/services', 'agent/checks', 'catalog/services'].map(each => ask(`/v1/${each}`)),
        ),
      );
      t.equal(after, before, 'nothing was changed');
    }
    await writeFile(tokenFile, '11111111-2222-3333-4444-555555555555');
    t.match(await check(), {kind: 'problem', text: /403: ACL not found/});
  });

t.test('what does not answer now is noted', async t => {
  const server = createServer((_, response) => response.writeHead(500).end('No cluster leader'));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const {port} = server.address() as AddressInfo;
  const consul = {service: 'web', url: `http://127.0.0.1:${port}`};
  const text = `traffic was not checked: Consul at 127.0.0.1:${port}: HTTP 500: No cluster leader`;
  t.same(await checkTraffic(consul, signal), {kind: 'note', text});
  const settings = {traffic: {consul}} as unknown as Settings;
  t.same(await trafficPart.examine({settings, root: '/'}, signal), {problems: [], notes: [text]});
});
