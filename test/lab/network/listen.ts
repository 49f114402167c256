import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer, type Server as HttpServer, type RequestListener} from 'node:http';
import {Server} from 'node:net';
import {fileURLToPath} from 'node:url';
import {within} from './network.ts';

/**
 * Serves HTTP at host:port *inside* a network namespace from this process: a child listens there, hands its socket over and ends.
 * The socket stays in its namespace for as long as it is open.
 */
export const serveIn = async (
  {namespace, host, port}: {namespace: string; host: string; port: number},
  listener: RequestListener,
): Promise<HttpServer> => {
  const [file = '', ...rest] = [...within(namespace), process.execPath, CHILD, host, String(port)];
  const child = spawn(file, rest, {stdio: ['ignore', 'ignore', 'inherit', 'ipc']});
  const socket = await received(child).finally(() => child.kill('SIGKILL')); // it would accept connections too
  const server = createServer(listener);
  server.listen(socket);
  await once(server, 'listening');
  return server;
};

const received = (child: ChildProcess): Promise<Server> =>
  new Promise((resolve, reject) => {
    child.once('message', (_, handle) => {
      if (handle instanceof Server) resolve(handle);
      else reject(new Error('the listening process sent no socket'));
    });
    child
      .once('error', reject)
      .once('exit', code => reject(new Error(`the listening process ended with ${code}`)));
  });

const CHILD = fileURLToPath(new URL('listen-child.ts', import.meta.url));
