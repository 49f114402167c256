import {createServer} from 'node:net';
import {eventually} from './eventually.ts';

/**
 * Waits until no other test process on this machine is in the part called `name`, and keeps it until this process ends or
 * `t` does. For what a machine has only once, such as the names below /dev.
 */
export const alone = async (name: string, t: {teardown(end: () => void): void}): Promise<void> => {
  // an abstract socket is the kernel's: it is free as soon as its process is gone
  const server = await eventually(`${name} to be free`, () => listen(`\0release-agent-test-${name}`), {
    timeoutMs: 600_000,
    everyMs: 200,
  });
  server.unref();
  t.teardown(() => server.close());
};

const listen = (path: string): Promise<ReturnType<typeof createServer> | false> =>
  new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(path, () => resolve(server));
  });
