import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {type AddressInfo, connect, createServer, type Socket} from 'node:net';
import t, {type Test} from 'tap';
import {parseProcNet, readProcSockets} from '../../../agent/host/sockets/proc.ts';
import {readConnections} from '../../../agent/host/sockets/sockets.ts';
import {parseSs} from '../../../agent/host/sockets/ss.ts';
import {eventually} from '../../support/eventually.ts';

const signal = new AbortController().signal;

const pair = async (t: Test, host: string) => {
  const accepted: Socket[] = [];
  const server = createServer({allowHalfOpen: true}, socket => accepted.push(socket.pause()));
  server.listen(0, host);
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  const client = connect({port, host: host === '::' ? '127.0.0.1' : host});
  await once(client, 'connect');
  await eventually('the connection is accepted', () => accepted.length === 1);
  t.teardown(() => {
    client.destroy();
    for (const socket of accepted) socket.destroy();
    server.close();
  });
  return {port, client, accepted: accepted[0] as Socket};
};

for (const host of ['127.0.0.1', '::1', '::']) {
  t.test(`ss and /proc give the same connection to ${host}`, async t => {
    const {port, client} = await pair(t, host);
    const [seen] = await readConnections([port], signal);
    const [plain] = await readProcSockets([port]);
    const {localAddress, localPort} = client;
    const address = localAddress?.includes(':') ? `[${localAddress}]` : localAddress;
    t.equal(seen?.peer, `${address}:${localPort}`);
    t.match(plain, {peer: seen?.peer, local: seen?.local, unread: 0, unsent: 0, traffic: null});
    t.equal(seen?.traffic?.bytesReceived, 0);
  });
}

t.test('bytes the application did not read are seen, by ss and by /proc', async t => {
  const {port, client} = await pair(t, '127.0.0.1');
  client.write('x'.repeat(3_000_000));
  await eventually('unread bytes', async () => {
    const [seen] = await readConnections([port], signal);
    const [plain] = await readProcSockets([port]);
    return seen && plain && seen.unread > 0 && plain.unread === seen.unread;
  });
});

t.test('what was received and sent is told apart', async t => {
  const {port, client, accepted} = await pair(t, '127.0.0.1');
  accepted.resume();
  client.write('12345');
  const asked = await eventually('received bytes', async () => {
    const [seen] = await readConnections([port], signal);
    return seen?.traffic?.bytesReceived === 5 && seen;
  });
  t.equal(asked.traffic?.bytesSent, 0);
  accepted.write('1234567');
  await eventually('sent bytes', async () => {
    const [seen] = await readConnections([port], signal);
    return seen?.traffic?.bytesSent === 7 && seen.traffic.lastSentMs <= seen.traffic.lastReceivedMs;
  });
});

t.test('a connection that its client closed for writing is still seen', async t => {
  const {port, client, accepted} = await pair(t, '127.0.0.1');
  client.end('request');
  await once(accepted.resume(), 'end');
  const [seen] = await readConnections([port], signal);
  t.match(seen, {peer: `127.0.0.1:${client.localPort}`, traffic: {bytesSent: 0}});
});

t.test('only the ports asked for are given, and no ports give nothing', async t => {
  const {port} = await pair(t, '127.0.0.1');
  const other = await pair(t, '127.0.0.1');
  t.equal((await readConnections([port, other.port], signal)).length, 2);
  t.equal((await readConnections([other.port], signal)).length, 1);
  t.same(await readConnections([], signal), []);
});

t.test('ss without counters leaves them unknown', async t => {
  const text =
    'ESTAB 0 12 10.0.0.1:80 10.0.0.9:5000\n0 0 [::ffff:10.0.0.1]:80 [fe80::1]%eth0:77\n\t cubic rto:200\n';
  t.match(parseSs(text), [
    {peer: '10.0.0.9:5000', unsent: 12, traffic: null},
    {local: '10.0.0.1:80', peer: '[fe80::1]%eth0:77', traffic: null},
  ]);
});

t.test('listening sockets and other ports are left out of the kernel tables', async t => {
  const table = await readFile('/proc/net/tcp', 'utf8');
  t.same(parseProcNet(table, [0]), []);
  t.same(parseProcNet('', [80]), []);
});
