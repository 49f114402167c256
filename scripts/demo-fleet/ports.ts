import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {createServer} from 'node:net';

const LOWEST = 10_000;
const TRIES = 200;

/**
 * Finds free TCP ports of 127.0.0.1 below the range from which the kernel takes ports for outgoing connections (ip(7),
 * ip_local_port_range): one of those could be taken while the application restarts.
 */
export const findPorts = async (count: number): Promise<readonly number[]> => {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '');
  const above = Math.max(LOWEST + 1_000, Number.parseInt(range, 10) || 32_768);
  const found = new Set<number>();
  for (let tries = 0; tries < TRIES && found.size < count; tries += 1) {
    const port = LOWEST + Math.floor(Math.random() * (above - LOWEST));
    if (await isFree(port)) found.add(port);
  }
  if (found.size < count) throw new Error(`expected ${count} free ports on 127.0.0.1, found ${found.size}`);
  return [...found];
};

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
};
