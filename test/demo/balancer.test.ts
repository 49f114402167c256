import {once} from 'node:events';
import {
  Agent,
  createServer,
  get,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type {AddressInfo} from 'node:net';
import t, {type Test} from 'tap';
import {type Balancer, startBalancer} from '../../scripts/demo-fleet/balancer.ts';
import {eventually} from '../support/eventually.ts';

interface Backend {
  readonly name: string;
  readonly port: number;
  readonly server: Server;
  /** requests that were not answered yet */
  readonly held: ServerResponse[];
  readonly connections: () => number;
}

/** Answers with its name; holds `/slow`. */
const backend = async (t: Test, name: string): Promise<Backend> => {
  const held: ServerResponse[] = [];
  const server = createServer(({url}, response) => {
    if (url === '/slow') held.push(response);
    else response.end(name);
  });
  server.keepAliveTimeout = 120_000;
  let connections = 0;
  server.on('connection', socket => {
    connections += 1;
    socket.on('close', () => {
      connections -= 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return {name, port: (server.address() as AddressInfo).port, server, held, connections: () => connections};
};

const setUp = async (t: Test) => {
  const backends = [await backend(t, 'one'), await backend(t, 'two')] as const;
  const told: string[] = [];
  const balancer = await startBalancer({hosts: backends, tell: text => void told.push(text)});
  t.teardown(() => balancer.close());
  const agent = new Agent({keepAlive: true});
  t.teardown(() => agent.destroy());
  return {backends, balancer, told, fetch: (path = '/') => fetchText(`${balancer.url}${path}`, agent)};
};

const fetchText = async (url: string, agent: Agent): Promise<string> => {
  const [answer] = (await once(get(url, {agent}), 'response')) as [IncomingMessage];
  let text = '';
  for await (const part of answer.setEncoding('utf8')) text += part;
  return `${answer.statusCode} ${text.trim()}`;
};

const order = async ({controlPort: port}: Balancer, path: string): Promise<number> => {
  const [answer] = (await once(
    request({host: '127.0.0.1', port, path, method: 'PUT'}).end(),
    'response',
  )) as [IncomingMessage];
  answer.resume();
  return answer.statusCode ?? 0;
};

t.test('hosts take turns once they are in traffic', async t => {
  const {balancer, fetch} = await setUp(t);
  t.equal(await fetch(), '503 no host is in traffic');
  t.equal(await order(balancer, '/one/rejoin'), 204);
  t.same([await fetch(), await fetch()], ['200 one', '200 one']);
  t.equal(await order(balancer, '/two/rejoin'), 204);
  t.same(new Set([await fetch(), await fetch()]), new Set(['200 one', '200 two']));
  t.equal(await order(balancer, '/three/rejoin'), 404);
});

t.test('a host that leaves answers what it has, gets nothing new, and keeps no connection', async t => {
  const {backends, balancer, fetch, told} = await setUp(t);
  const [one] = backends;
  await order(balancer, '/one/rejoin');
  const slow = fetch('/slow');
  await eventually('the slow request to arrive', () => one.held.length === 1);
  await order(balancer, '/two/rejoin');
  for (let n = 0; n < 4; n += 1) await fetch();
  t.equal(await order(balancer, '/one/leave'), 204);
  t.same(balancer.leaves(), ['one']);
  for (let n = 0; n < 4; n += 1) t.equal(await fetch(), '200 two');
  one.held[0]?.end('late');
  t.equal(await slow, '200 late');
  await eventually('every connection to close', () => one.connections() === 0);
  t.match(told.at(-1), /^one answered the last of them after/);
});

t.test('a request that a host drops is a failed one, and is not tried again', async t => {
  const {backends, balancer, fetch} = await setUp(t);
  const [one, two] = backends;
  await order(balancer, '/one/rejoin');
  const slow = fetch('/slow');
  await eventually('the slow request to arrive', () => one.held.length === 1);
  await order(balancer, '/two/rejoin');
  one.held[0]?.destroy();
  t.match(await slow, /^502 one: /);
  t.equal(two.held.length, 0);
});

t.test('a host that is not healthy gets no new request', async t => {
  const {backends, balancer, fetch, told} = await setUp(t);
  const [one] = backends;
  await order(balancer, '/one/rejoin');
  await order(balancer, '/two/rejoin');
  one.server.close();
  one.server.closeAllConnections();
  await eventually('it to be noticed', () => told.includes('one is unhealthy'));
  for (let n = 0; n < 4; n += 1) t.equal(await fetch(), '200 two');
});
