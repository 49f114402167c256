import {once} from 'node:events';
import {createServer, type RequestListener, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {type Backend, createBackend, refuse} from './backend.ts';
import {startHealthChecks} from './health-checks.ts';

export interface Balancer {
  /** where clients go */
  readonly url: string;
  /** where `PUT /<host>/leave` and `PUT /<host>/rejoin` go */
  readonly controlPort: number;
  isIn(host: string): boolean;
  /** The hosts that left since it began, each time they did. */
  leaves(): readonly string[];
  close(): Promise<void>;
}

interface Parts {
  readonly hosts: readonly {readonly name: string; readonly port: number}[];
  readonly tell: (text: string) => void;
}

const CLIENT_IDLE_MS = 120_000;

/**
 * A load balancer as small as it can be: takes turns between the hosts that are in traffic and healthy, keeps connections to
 * both sides, never tries a request twice. Only what is in flight goes on to a host that left.
 */
export const startBalancer = async ({hosts, tell}: Parts): Promise<Balancer> => {
  const backends = hosts.map(host => createBackend({...host, tell}));
  const joined = () => backends.filter(({isIn}) => isIn());
  const checks = startHealthChecks({wanted: joined, tell});
  const left: string[] = [];
  let turn = 0;

  const clients = createServer((request, response) => {
    // when none is healthy all are asked, as most load balancers do
    const healthy = joined().filter(({name}) => checks.isHealthy(name));
    const choice = healthy.length > 0 ? healthy : joined();
    const backend = choice[turn++ % choice.length];
    if (backend) backend.forward(request, response);
    else refuse(response, 503, 'no host is in traffic');
  });
  clients.keepAliveTimeout = CLIENT_IDLE_MS;
  const control = createServer(
    orders(backends, (backend, verb) => {
      if (verb === 'leave' && backend.isIn()) left.push(backend.name);
      backend[verb]();
    }),
  );
  const [port, controlPort] = [await listen(clients), await listen(control)];
  return {
    url: `http://127.0.0.1:${port}`,
    controlPort,
    isIn: host => backends.some(({name, isIn}) => name === host && isIn()),
    leaves: () => left,
    close: async () => {
      checks.end();
      await Promise.all([clients, control].map(close));
      for (const backend of backends) backend.close();
    },
  };
};

const orders =
  (
    backends: readonly Backend[],
    obey: (backend: Backend, verb: 'leave' | 'rejoin') => void,
  ): RequestListener =>
  (request, response) => {
    const [, name, verb] = (request.url ?? '').split('/');
    const backend = backends.find(each => each.name === name);
    if (request.method !== 'PUT' || !backend || (verb !== 'leave' && verb !== 'rejoin')) {
      refuse(response, 404, 'expected PUT /<host>/leave or PUT /<host>/rejoin');
      return;
    }
    obey(backend, verb);
    response.writeHead(204).end();
  };

const listen = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const close = async (server: Server): Promise<void> => {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
};
