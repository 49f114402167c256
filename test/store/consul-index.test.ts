import http from 'node:http';
import type {AddressInfo} from 'node:net';
import t, {type Test} from 'tap';
import {openStore} from '../../agent/store/open.ts';
import {eventually} from '../support/eventually.ts';
import {collect} from './contract/watch.ts';

interface Answer {
  readonly index: number;
  readonly modified: number;
  /** how long ago the server heard of a leader, ms; null when it knows of none, a moment unless told */
  readonly behindMs?: number | null;
}

/** A server that gives these answers in turn, then none, and what it was asked. */
const startScript = async (t: Test, answers: readonly Answer[]): Promise<{url: string; asked: string[]}> => {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    const {searchParams} = new URL(request.url ?? '', 'http://x');
    const answer = answers[asked.length];
    const mode = searchParams.has('consistent')
      ? 'consistent'
      : searchParams.has('stale')
        ? 'stale'
        : 'default';
    asked.push(`${mode} ${searchParams.get('index') ?? '-'}`);
    if (!answer) return;
    const entry = {Key: 'test/web/desired', Value: 'eA==', ModifyIndex: answer.modified};
    const {behindMs = 20} = answer;
    response.setHeader('X-Consul-KnownLeader', String(behindMs !== null));
    response.setHeader('X-Consul-LastContact', behindMs ?? 0);
    response.setHeader('X-Consul-Index', answer.index).end(JSON.stringify([entry]));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked};
};

interface Row {
  readonly name: string;
  readonly answers: readonly Answer[];
  /** consistency and index of each request */
  readonly asked: readonly string[];
  readonly updates: number;
}

const ROWS: readonly Row[] = [
  {
    name: 'an index that went backwards is read again from the start',
    answers: [
      {index: 50, modified: 5},
      {index: 7, modified: 5},
      {index: 7, modified: 5},
    ],
    asked: ['consistent -', 'stale 50', 'consistent -', 'stale 7'],
    updates: 1,
  },
  {
    name: 'an index of 0 is asked for as 1, else the query would not block',
    answers: [{index: 0, modified: 5}],
    asked: ['consistent -', 'stale 1'],
    updates: 1,
  },
  {
    name: 'an answer without news is none, and the wait goes on from its index',
    answers: [
      {index: 50, modified: 5},
      {index: 60, modified: 5},
    ],
    asked: ['consistent -', 'stale 50', 'stale 60'],
    updates: 1,
  },
  {
    name: 'an early answer with the same index may be of a state that was thrown away',
    answers: [
      {index: 50, modified: 5},
      {index: 50, modified: 5},
      {index: 9, modified: 2},
    ],
    asked: ['consistent -', 'stale 50', 'consistent -', 'stale 9'],
    updates: 2,
  },
  {
    name: 'a value that was written later is newer, whichever server says it; before it blocks again it rests and looks',
    answers: [
      {index: 50, modified: 5},
      {index: 60, modified: 60},
      {index: 60, modified: 60},
    ],
    asked: ['consistent -', 'stale 50', 'stale -', 'stale 60'],
    updates: 2,
  },
  ...[60_000, null].map(behindMs => ({
    name: `a value that was written later is not told by a server that has no leader (${behindMs}) unless the leader says it`,
    answers: [
      {index: 50, modified: 5},
      {index: 60, modified: 60, behindMs},
      {index: 50, modified: 5},
      {index: 50, modified: 5},
    ],
    asked: ['consistent -', 'stale 50', 'consistent -', 'stale -', 'stale 50'],
    updates: 1,
  })),
  {
    name: 'a store that is restored while a host rests after news',
    answers: [
      {index: 50, modified: 5},
      {index: 60, modified: 60},
      {index: 9, modified: 2},
      {index: 9, modified: 2},
      {index: 9, modified: 2},
    ],
    asked: ['consistent -', 'stale 50', 'stale -', 'consistent -', 'stale -', 'stale 9'],
    updates: 3,
  },
  {
    name: 'a value that was written earlier is told when the leader says it',
    answers: [
      {index: 50, modified: 50},
      {index: 60, modified: 40},
      {index: 60, modified: 40},
      {index: 60, modified: 40},
    ],
    asked: ['consistent -', 'stale 50', 'consistent -', 'stale -', 'stale 60'],
    updates: 2,
  },
  {
    name: 'what a server that lags behind says is not told unless the leader says it',
    answers: [
      {index: 50, modified: 50},
      {index: 51, modified: 40},
      {index: 50, modified: 50},
      {index: 50, modified: 50},
    ],
    asked: ['consistent -', 'stale 50', 'consistent -', 'stale -', 'stale 50'],
    updates: 1,
  },
];

for (const {name, answers, asked, updates} of ROWS) {
  await t.test(name, async t => {
    const script = await startScript(t, answers);
    const store = await openStore({kind: 'consul', url: script.url, prefix: 'test'}, {callDeadlineMs: 2_000});
    t.teardown(() => store.close());
    const watch = collect(t, store, 'web/desired');
    await eventually('the last request', () => script.asked.length === asked.length);
    t.same(script.asked, asked);
    t.equal(watch.updates.length, updates);
  });
}
