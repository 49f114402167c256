import {BlockList, isIPv6} from 'node:net';
import type {Connection} from '../../host/sockets/connection.ts';

/** Makes the question whether a connection counts: its peer is not at one of these addresses or in one of these networks. */
export const countsUnless = (ignored: readonly string[]): ((connection: Connection) => boolean) => {
  if (ignored.length === 0) return () => true;
  const list = new BlockList();
  for (const entry of ignored) {
    const [address = '', bits] = entry.split('/');
    const family = familyOf(address);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return ({peer}) => {
    const address = addressOf(peer);
    return !list.check(address, familyOf(address));
  };
};

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');

/** `10.0.0.9:5000` gives `10.0.0.9`, `[fe80::1]%eth0:5000` gives `fe80::1`. */
const addressOf = (peer: string): string =>
  /^\[([^\]%]+)/.exec(peer)?.[1] ?? peer.slice(0, peer.lastIndexOf(':'));
