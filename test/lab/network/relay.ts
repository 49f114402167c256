import {once} from 'node:events';
import {createConnection, createServer, type Socket} from 'node:net';

/** Passes connections to 127.0.0.1:port on to a unix socket, which unlike TCP crosses network namespaces. Gives the function that ends it. */
export const relayTo = async (path: string, port: number): Promise<() => void> => {
  const open = new Set<Socket>();
  const keep = (socket: Socket) => open.add(socket.on('close', () => open.delete(socket)));
  const server = createServer(from => {
    const to = createConnection(path);
    keep(from.on('error', () => to.destroy()).on('close', () => to.destroy()));
    keep(to.on('error', () => from.destroy()).on('close', () => from.destroy()));
    from.pipe(to).pipe(from);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return () => {
    server.close();
    for (const socket of open) socket.destroy();
  };
};
