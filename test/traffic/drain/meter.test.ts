import t from 'tap';
import type {Connection} from '../../../agent/host/sockets/connection.ts';
import {meter} from '../../../agent/traffic/drain/meter.ts';

const signal = new AbortController().signal;

const streaming = (bytesSent: number): Connection => ({
  peer: '10.0.0.9:5000',
  local: '10.0.0.1:80',
  unread: 0,
  unsent: 0,
  traffic: {
    lastSentMs: 20,
    lastReceivedMs: 1_020,
    lastConfirmedMs: 10,
    bytesSent,
    bytesReceived: 300,
    bareConfirmations: 1,
  },
});

t.test('an answer that rests between its parts is cut, although nothing moves just then', async t => {
  const sent = [1_000, 2_000, 2_000];
  const connections = async () => [streaming(sent.shift() ?? 0)];
  const measure = meter({protocol: 'http1', restMs: 0, counter: undefined, ignore: [], connections});
  const peer = '10.0.0.9:5000';
  t.match(await measure(signal), {busy: [], unfinished: [], open: [peer]}, 'the first look knows of no part');
  t.match(await measure(signal), {busy: [peer], unfinished: [peer]}, 'a part went out');
  t.match(await measure(signal), {busy: [], unfinished: [peer]}, 'and now none does');
});
