import t from 'tap';
import type {ConnectionTraffic} from '../../../agent/host/sockets/connection.ts';
import {isArrival, isOutstanding} from '../../../agent/traffic/drain/outstanding.ts';

const answered: ConnectionTraffic = {
  lastSentMs: 1_000,
  lastReceivedMs: 1_020,
  lastConfirmedMs: 960,
  bytesSent: 500,
  bytesReceived: 300,
  bareConfirmations: 1,
};
const connection = (
  traffic: Partial<ConnectionTraffic> = {},
  queues: {unread?: number; unsent?: number} = {},
) => ({
  peer: '10.0.0.9:5000',
  local: '10.0.0.1:80',
  unread: 0,
  unsent: 0,
  ...queues,
  traffic: {...answered, ...traffic},
});
const tie = {lastSentMs: 1_000, lastReceivedMs: 1_000, lastConfirmedMs: 1_000};

const ROWS: readonly [string, boolean, ReturnType<typeof connection>][] = [
  ['an answered request', false, connection()],
  ['a request newer than the last answer', true, connection({lastReceivedMs: 900})],
  ['bytes that the application did not read', true, connection({}, {unread: 1})],
  ['bytes that the peer did not confirm', true, connection({}, {unsent: 1})],
  ['a connection never used', false, connection({bytesSent: 0, bytesReceived: 0, ...tie})],
  ['a first request in the instant of connecting', true, connection({bytesSent: 0, ...tie})],
  [
    'a tie that the peer confirmed later',
    false,
    connection({...tie, lastConfirmedMs: 960, bareConfirmations: 9}),
  ],
  ['a tie without a bare confirmation for a second request', false, connection(tie)],
  ['a tie with one more bare confirmation', true, connection({...tie, bareConfirmations: 2})],
  [
    'a tie too young for a bare confirmation',
    true,
    connection({lastSentMs: 100, lastReceivedMs: 100, lastConfirmedMs: 100}),
  ],
  [
    'an old tie in doubt',
    false,
    connection({lastSentMs: 5_000, lastReceivedMs: 5_000, lastConfirmedMs: 5_000, bareConfirmations: 7}),
  ],
];

for (const [name, expected, row] of ROWS) {
  t.test(`${name} is ${expected ? 'outstanding' : 'idle'}`, async t => {
    t.equal(isOutstanding(row, row.traffic), expected);
    t.equal(isOutstanding(row, undefined), expected);
  });
}

t.test('an answer that moved without a new request is still being sent', async t => {
  t.equal(isOutstanding(connection(), {bytesSent: 400, bytesReceived: 300}), true);
  t.equal(isOutstanding(connection(), {bytesSent: 400, bytesReceived: 200}), false);
});

t.test('without the kernel’s ages every open connection is busy', async t => {
  t.equal(isOutstanding({...connection(), traffic: null}, undefined), true);
});

t.test('an arrival is a request on a known or a new connection', async t => {
  t.equal(isArrival(connection(), undefined), true);
  t.equal(isArrival(connection(), {bytesSent: 1, bytesReceived: 299}), true);
  t.equal(isArrival(connection(), answered), false);
  t.equal(isArrival(connection({bytesReceived: 0}), undefined), false);
});
