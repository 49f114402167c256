import {writeFile} from 'node:fs/promises';
import {createConnection} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {eventually} from '../../support/eventually.ts';
import {fetch} from '../../support/fetch.ts';
import {ADDRESSES, within} from '../network/network.ts';
import {freePorts} from '../network/ports.ts';
import {relayTo} from '../network/relay.ts';
import {endProcess, startProcess} from '../process.ts';
import type {Resources} from '../resources.ts';

export type Balancer = {
  /** Inside the region, and for the host's own loopback. */
  readonly inside: string;
  readonly address: string;
  /** The servers that get traffic now, as `ip`. */
  readonly ready: () => readonly string[];
  /** HAProxy's own statistics (`show stat`, CSV). */
  readonly stats: () => Promise<string>;
  readonly stop: () => Promise<void>;
};

const SLOTS = 40;

/**
 * HAProxy in the region, with a loop that gives traffic to the instances whose service `web` passes in Consul (a host in
 * maintenance does not pass). It never retries a request on another server: what fails is seen to fail.
 */
export const startBalancer = async (
  {wire, consul, resources}: {wire: string; consul: string; resources: Resources},
  signal?: AbortSignal,
): Promise<Balancer> => {
  const [socket, file] = [join(resources.dir, 'haproxy.sock'), join(resources.dir, 'haproxy.cfg')];
  const front = join(resources.dir, 'front.sock');
  await writeFile(file, configuration(socket, front));
  const haproxy = startProcess({
    argv: [...within(wire), 'haproxy', '-db', '-f', file],
    log: join(resources.dir, 'haproxy.log'),
  });
  resources.add({kind: 'process', what: 'haproxy', pid: haproxy.pid, startTime: haproxy.startTime});
  const tell = (command: string) => runtime(socket, command);
  await eventually('HAProxy to answer', () => tell('show info').catch(() => undefined), {signal});
  const [port = 0] = await freePorts(1);
  const relay = await relayTo(front, port);
  const over = new AbortController();
  const ready = new Set<string>();
  const loop = follow({consul, tell, ready}, over.signal);
  return {
    inside: `http://${ADDRESSES.balancer}`,
    address: `http://127.0.0.1:${port}`,
    ready: () => [...ready].sort(),
    stats: () => tell('show stat'),
    stop: async () => {
      over.abort();
      relay();
      await loop;
      await endProcess(haproxy, 300);
    },
  };
};

const configuration = (socket: string, front: string): string => `global
  stats socket ${socket} mode 600 level admin
  maxconn 4000
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  retries 0
  option http-keep-alive
  http-reuse safe
frontend front
  bind ${ADDRESSES.balancer}:80
  bind unix@${front} mode 600
  http-after-response set-header x-server %s
  default_backend web
backend web
  balance roundrobin
  server-template i 1-${SLOTS} 0.0.0.0:8080 disabled
`;

type Loop = {consul: string; tell: (command: string) => Promise<string>; ready: Set<string>};

/** Follows Consul's view by blocking query; while Consul is away everything stays as it is. Slot N is 10.77.0.(10 + N). */
const follow = async ({consul, tell, ready}: Loop, signal: AbortSignal): Promise<void> => {
  let index = '0';
  while (!signal.aborted) {
    try {
      // A server that has just come back may answer from a catalog that it has not read yet.
      const mode = index === '0' ? '&consistent' : '';
      const url = `${consul}/v1/health/service/web?passing=1&wait=20s&index=${index}${mode}`;
      const reply = await fetch(url, {signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)])});
      if (!reply.ok) throw new Error(`Consul answered ${reply.status}`);
      index = reply.headers.get('x-consul-index') ?? '0';
      await apply(
        new Set(((await reply.json()) as {Node: {Address: string}}[]).map(({Node}) => Node.Address)),
        {tell, ready},
      );
    } catch {
      index = '0';
      await sleep(100, undefined, {signal}).catch(() => {});
    }
  }
};

const apply = async (
  passing: ReadonlySet<string>,
  {tell, ready}: Pick<Loop, 'tell' | 'ready'>,
): Promise<void> => {
  for (const ip of new Set([...passing, ...ready])) {
    if (passing.has(ip) === ready.has(ip)) continue;
    const server = `web/i${Number(ip.split('.')[3]) - 10}`;
    if (passing.has(ip)) {
      await tell(`set server ${server} addr ${ip} port 8080`);
      await tell(`set server ${server} state ready`);
      ready.add(ip);
    } else {
      await tell(`set server ${server} state maint`); // requests under way go on
      ready.delete(ip);
    }
  }
};

/** One command over HAProxy's runtime socket. */
const runtime = (socket: string, command: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = '';
    const connection = createConnection(socket, () => connection.end(`${command}\n`));
    connection.setTimeout(3_000, () =>
      connection.destroy(new Error(`HAProxy did not answer \`${command}\` in 3 s`)),
    );
    connection.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    connection.on('error', reject).on('close', () => resolve(answer));
  });
