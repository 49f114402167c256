/** What this process sends to and receives from Consul: counted where it leaves, below every adapter. */
import {subscribe} from 'node:diagnostics_channel';
import type {Socket} from 'node:net';

export interface Wire {
  readonly requests: number;
  /** both ways, with HTTP's own heads */
  readonly bytes: number;
}

/** Counts from now on, for all of this process. Gives what was counted so far. */
export const countWire = (): (() => Wire) => {
  let requests = 0;
  let closed = 0;
  const open = new Set<Socket>();
  const bytesOf = ({bytesRead, bytesWritten}: Socket): number => bytesRead + bytesWritten;
  subscribe('http.client.request.start', () => {
    requests += 1;
  });
  subscribe('net.client.socket', message => {
    const {socket} = message as {readonly socket: Socket};
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      closed += bytesOf(socket);
    });
  });
  return () => ({requests, bytes: [...open].reduce((sum, socket) => sum + bytesOf(socket), closed)});
};

/** What was added between two counts. */
export const between = (before: Wire, after: Wire): Wire => ({
  requests: after.requests - before.requests,
  bytes: after.bytes - before.bytes,
});
