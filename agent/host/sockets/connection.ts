/** One connection to a local port, as the kernel sees it at one moment. */
export interface Connection {
  /** `address:port`; IPv4 addresses mapped into IPv6 are written as IPv4, IPv6 ones in brackets */
  readonly peer: string;
  readonly local: string;
  /** bytes that came and were not read by the application */
  readonly unread: number;
  /** bytes written that the peer has not confirmed */
  readonly unsent: number;
  /** null where the kernel's counters cannot be read: then only the queues are known */
  readonly traffic: ConnectionTraffic | null;
}

/** Ages are milliseconds before this reading, in steps of the kernel's clock (1 to 10 ms). */
export interface ConnectionTraffic {
  readonly lastSentMs: number;
  readonly lastReceivedMs: number;
  /** age of the last segment of the peer that confirmed anything */
  readonly lastConfirmedMs: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** segments sent that carried nothing but a confirmation */
  readonly bareConfirmations: number;
}
