/** What this process sends to and receives from Consul: counted where it leaves, below every adapter. */
import {subscribe} from 'node:diagnostics_channel';
import type {ClientRequest} from 'node:http';
import type {Socket} from 'node:net';

export interface Wire {
  readonly requests: number;
  /** both ways, with HTTP's own heads, but for `statuses` */
  readonly bytes: number;
  /** of the connection by which whoever coordinates follows the statuses of all hosts */
  readonly statuses: number;
}

/** Counts from now on, for all of this process. Gives what was counted so far. */
export const countWire = (): (() => Wire) => {
  let requests = 0;
  const sockets = new Set<Socket>();
  const ofCoordinator = new WeakSet<Socket>();
  const closed = {bytes: 0, statuses: 0};
  const kindOf = (socket: Socket) => (ofCoordinator.has(socket) ? 'statuses' : 'bytes');
  const bytesOf = ({bytesRead, bytesWritten}: Socket): number => bytesRead + bytesWritten;
  subscribe('http.client.request.start', message => {
    requests += 1;
    const {request} = message as {readonly request: ClientRequest};
    if (!request.path.includes('/hosts/?recurse')) return;
    if (request.socket) ofCoordinator.add(request.socket);
    else request.once('socket', (socket: Socket) => ofCoordinator.add(socket));
  });
  subscribe('net.client.socket', message => {
    const {socket} = message as {readonly socket: Socket};
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      closed[kindOf(socket)] += bytesOf(socket);
    });
  });
  return () => {
    const sums = {...closed};
    for (const socket of sockets) sums[kindOf(socket)] += bytesOf(socket);
    return {requests, ...sums};
  };
};

/** What was added between two counts. */
export const between = (before: Wire, after: Wire): Wire => ({
  requests: after.requests - before.requests,
  bytes: after.bytes - before.bytes,
  statuses: after.statuses - before.statuses,
});
