import type {Connection, ConnectionTraffic} from '../../host/sockets/connection.ts';

/** A connection's byte counters at the reading before. */
export type Before = Pick<ConnectionTraffic, 'bytesSent' | 'bytesReceived'> | undefined;

/** TCP confirms what came at most 200 ms later (TCP_DELACK_MAX in the kernel's net/tcp.h), plus a step of its clock. */
const CONFIRMED_BY_MS = 250;
/** How long a connection whose last exchange cannot be put in order is taken for a busy one. */
const DOUBT_MS = 5_000;

/**
 * True when the application still owes something on this connection: a request that came was not answered yet, an answer
 * is still being sent, or bytes wait in a queue. Needs one request at a time per connection (HTTP/1.1): in HTTP/2 the answer
 * to one request hides another. Where the kernel gives no ages, every open connection is taken for a busy one.
 */
export const isOutstanding = ({unread, unsent, traffic}: Connection, before: Before): boolean => {
  if (unread > 0 || unsent > 0) return true;
  if (traffic === null) return true;
  if (traffic.bytesReceived === 0 && traffic.bytesSent === 0) return false;
  if (traffic.bytesSent === 0) return true;
  if (isSending(traffic, before)) return true;
  if (traffic.lastReceivedMs !== traffic.lastSentMs) return traffic.lastReceivedMs < traffic.lastSentMs;
  return isUnansweredTie(traffic);
};

/** True when something came on this connection since the reading before, or the connection is new and used. */
export const isArrival = ({traffic}: Connection, before: Before): boolean =>
  traffic !== null && traffic.bytesReceived > (before?.bytesReceived ?? 0);

// An answer that streams: bytes went out since the last reading although nothing new came in.
const isSending = ({bytesSent, bytesReceived}: ConnectionTraffic, before: Before): boolean =>
  before !== undefined && bytesSent > before.bytesSent && bytesReceived === before.bytesReceived;

// Received and sent within one step of the kernel's clock: "asked, answered" and "answered, asked again" look alike.
// The peer confirms an answer after it came, so a later confirmation tells the first case. Else an unanswered request was
// confirmed bare, on top of the connection's first segment, which always is: two bare confirmations or more.
const isUnansweredTie = (traffic: ConnectionTraffic): boolean => {
  const age = traffic.lastReceivedMs;
  if (traffic.lastConfirmedMs < age) return false;
  if (age < CONFIRMED_BY_MS) return true;
  return traffic.bareConfirmations > 1 && age < DOUBT_MS;
};

/**
 * How long ago anything moved on this connection, ms: 0 while bytes wait in a queue, and where the kernel gives no ages; endless for a
 * connection on which nothing ever did.
 */
export const restedMs = ({unread, unsent, traffic}: Connection): number => {
  if (unread > 0 || unsent > 0 || traffic === null) return 0;
  if (traffic.bytesReceived === 0 && traffic.bytesSent === 0) return Number.POSITIVE_INFINITY;
  return Math.min(traffic.lastReceivedMs, traffic.lastSentMs);
};
