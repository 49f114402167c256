/** The store and traffic speak to Consul by one client: what one of them can, the other can. */
import {join} from 'node:path';
import t, {type Test} from 'tap';
import type {ConsulPlace} from '../../agent/config/settings.ts';
import {openStore} from '../../agent/store/open.ts';
import {consulTraffic} from '../../agent/traffic/consul.ts';
import {freePorts} from '../lab/network/ports.ts';
import {startConsulServer} from '../lab/services/consul.ts';
import {signedByAuthority} from '../support/certificate.ts';
import {fetch} from '../support/fetch.ts';
import {keptLog} from '../support/log.ts';
import {unmet} from '../support/needs.ts';

const never = new AbortController().signal;

/** A Consul that takes only clients with a certificate, on TLS, and one on a unix socket. */
const startHardened = async (t: Test) => {
  const {folder, ...files} = await signedByAuthority(t);
  const [http = 0, https = 0, server = 0, serf = 0] = await freePorts(4);
  const socket = join(folder, 'consul.sock');
  const tls = {ca_file: files.caFile, cert_file: files.certFile, key_file: files.keyFile};
  const config = {
    ports: {http, https, server, serf_lan: serf, serf_wan: -1, dns: -1, grpc: -1},
    addresses: {http: `127.0.0.1 unix://${socket}`},
    ...tls,
    verify_incoming_https: true,
  };
  const address = `http://127.0.0.1:${http}`;
  const consul = await startConsulServer({dir: join(folder, 'consul'), config, address});
  t.teardown(() => consul.stop());
  return {address, socket, url: `https://127.0.0.1:${https}`, files};
};

const open = async (t: Test, place: ConsulPlace, prefix = 'agents') => {
  const store = await openStore({kind: 'consul', prefix, ...place}, {callDeadlineMs: 5_000});
  t.teardown(() => store.close());
  return store;
};

const trafficOf = (place: ConsulPlace) =>
  consulTraffic({service: 'web', ...place, isRunning: async () => true, log: keptLog().log});

t.test('TLS, client certificates and a unix socket', {skip: unmet('root', 'debian')}, async t => {
  const {address, socket, url, files} = await startHardened(t);
  const register = {method: 'PUT', body: JSON.stringify({Name: 'web', Port: 80})};
  await fetch(`${address}/v1/agent/service/register`, register);
  const checks = async () => (await fetch(`${address}/v1/agent/checks`)).json();
  const {caFile} = files;

  await t.test('with all of them both come through', async t => {
    const store = await open(t, {url, ...files});
    t.ok((await store.put('web/desired', 'x', 'any', never)).ok);
    await trafficOf({url, ...files}).leave(never);
    t.match(await checks(), {'_service_maintenance:web': {Status: 'critical'}});
    await trafficOf({url, ...files}).rejoin(never);
    t.same(await checks(), {});
  });

  await t.test('an unknown authority is not trusted, and nobody comes in without a certificate', async t => {
    for (const place of [{url}, {url, caFile}]) {
      const store = await open(t, place);
      await t.rejects(store.get('web/a', never), {name: 'ReasonError', reason: {kind: 'store.unreachable'}});
      await t.rejects(trafficOf(place).leave(never), {name: 'ReasonError', reason: {kind: 'traffic.failed'}});
    }
  });

  await t.test('the unix socket serves both', async t => {
    const place = {url: `unix://${socket}`};
    const store = await open(t, place);
    t.equal(store.name, `consul:///agents?socket=${socket}`);
    t.equal((await store.get('web/desired', never))?.value, 'x');
    await trafficOf(place).leave(never);
    t.match(await checks(), {'_service_maintenance:web': {Status: 'critical'}});
    await trafficOf(place).rejoin(never);
    const none = `unix://${socket}.none`;
    await t.rejects((await open(t, {url: none})).get('web/a', never), {message: /the socket is not there/});
    await t.rejects(trafficOf({url: none}).leave(never), {message: /the socket is not there/});
  });
});

t.test('a place that cannot work is refused before anything is asked', async t => {
  const refused = {name: 'ReasonError', reason: {kind: 'store.refused'}};
  for (const url of ['ftp://x', 'consul', 'http://u:p@x:1', 'http://x:1/base', 'unix://relative/path']) {
    await t.rejects(open(t, {url}), {...refused, message: /expected an address http:/}, url);
    t.throws(() => trafficOf({url}), {message: /expected an address http:/}, url);
  }
  const half = {url: 'https://127.0.0.1:1', certFile: '/none'};
  await t.rejects(open(t, half), {...refused, message: /needs both its certificate and its key file/});
  t.throws(() => trafficOf(half), {message: /needs both its certificate and its key file/});
  await t.rejects(open(t, {url: 'http://127.0.0.1:1'}, '/x/'), refused, 'a prefix that is no key');
});
