import {once} from 'node:events';
import type {AddressInfo, Server} from 'node:net';
import {performance} from 'node:perf_hooks';
import type {Test} from 'tap';
import {ignoreBlockers} from '../../../agent/host/blocker.ts';
import {type SocketDrainOptions, socketDrain} from '../../../agent/traffic/drain/socket-drain.ts';
import {keptLog} from '../../support/log.ts';

/** An application that is up, whose processes nobody looks at. */
export const up = {isRunning: async () => true, processes: async () => []};

/** A drain of these ports as an adapter of a host without systemd. */
export const drainOf = (ports: readonly number[], options: Partial<SocketDrainOptions> = {}) =>
  socketDrain({
    ports,
    protocol: 'http1',
    quietMs: 300,
    ignore: [],
    application: up,
    bySystemd: false,
    log: keptLog().log,
    reportBlocker: ignoreBlockers,
    ...options,
  });

/** Listens on a free port of the loopback; the end of the test closes it. Gives the port. */
export const listen = async (t: Test, server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
};

/** What a work gives, and how long it took. */
export const timed = async <T>(work: Promise<T>) => {
  const start = performance.now();
  const result = await work;
  return {result, ms: performance.now() - start};
};
