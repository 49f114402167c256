/** Listens at argv's host and port, and hands the socket to the parent process, which ends it (listen.ts). */
import {createServer} from 'node:net';

const [, , host = '', port = ''] = process.argv;
const server = createServer();
server.listen({host, port: Number(port), backlog: 512}, () => {
  process.send?.('listening', server);
});
