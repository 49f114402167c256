import {once} from 'node:events';
import {connect} from 'node:net';
import {errorText} from '../host/http/error.ts';
import type {Probe} from './probe.ts';

/** Passes when `host:port` (`[::1]:80` for IPv6) accepts a connection, which is closed at once. */
export const tcpProbe = (address: string): Probe => {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = Number(address.slice(colon + 1));
  return {
    name: `tcp ${address}`,
    check: async signal => {
      const socket = connect({host, port});
      try {
        await once(socket, 'connect', {signal});
        return {ok: true};
      } catch (error) {
        signal.throwIfAborted();
        return {ok: false, last: errorText(error)};
      } finally {
        socket.on('error', () => undefined).destroy();
      }
    },
  };
};
