/** What anybody who may open the control socket can send to it; each gets an answer in words, and the next one is served. */
import {once} from 'node:events';
import {connect} from 'node:net';
import {join} from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import {type Answer, type Controls, operatePathOf, type Request} from '../../agent/control/protocol.ts';
import {readRequest} from '../../agent/control/request.ts';
import {readResponse} from '../../agent/control/response.ts';
import {serveControl} from '../../agent/control/server.ts';
import {sampleReport} from '../support/sample-report.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {CASES, fuzz, outcomeOf, presentable} from './fuzz.ts';
import {bytes, documentTexts, json, mutated} from './inputs.ts';

const by = 'ada';
const REQUESTS: readonly Request[] = [
  {verb: 'status'},
  {verb: 'history', limit: 3},
  {verb: 'hold', by, note: 'looking at it'},
  {verb: 'resume', by},
  {verb: 'rollback', by},
  {verb: 'retry', by},
  {verb: 'resolve', name: 'main'},
  {verb: 'leave'},
  {verb: 'deploy', by, release: 'snap-0123456789abcdef0', message: 'go'},
];

/** What arrives at the agent was checked: names and notes can be visible, releases are ids. */
const checked = (texts: Readonly<Record<string, unknown>>): void => {
  for (const text of Object.values(texts)) if (typeof text === 'string') presentable(text);
};

const done = async (request: Readonly<Record<string, unknown>>): Promise<Answer> => {
  checked(request);
  return {ok: true, text: 'done'};
};

const controls: Controls = {
  status: async () => sampleReport(),
  history: async ({limit}) => {
    if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) throw new Error(`a limit of ${limit}`);
    return [];
  },
  metrics: () => '',
  hold: done,
  resume: done,
  rollback: done,
  retry: done,
  leave: async () => true,
  desired: async () => ({version: null, release: null}),
  deploy: async request => done({...request}),
};

t.test('requests', async t => {
  await fuzz(t, {runs: CASES.pure, input: documentTexts(...REQUESTS)}, async text => {
    const request = await outcomeOf(() => readRequest(text), ['control.request']);
    if (request) checked({...request});
  });
});

t.test('a socket that is served', async t => {
  const path = join(await temporaryFolder(t), 'control.sock');
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const resolve = async (name: string) => {
    checked({name});
    return '0'.repeat(40);
  };
  await serveControl({path, controls, resolve, clientTimeoutMs: 2_000, answerTimeoutMs: 2_000}, stop.signal);
  const rude = fc.constantFrom('ends', 'cuts', 'vanishes' as const);
  const input = fc.tuple(fc.oneof(documentTexts(...REQUESTS), bytes, huge()), rude);
  await fuzz(t, {runs: CASES.io, input}, async ([sent, how]) => {
    const said = await converse(operatePathOf(path), sent, how);
    if (how === 'ends') answered(said);
  });
  answered(await converse(path, '{"verb":"status"}', 'ends'), true);
});

function huge(): fc.Arbitrary<string> {
  return fc
    .tuple(fc.integer({min: 60_000, max: 80_000}), fc.constantFrom('x', '{', '"'))
    .map(([n, part]) => part.repeat(n));
}

const converse = async (path: string, sent: string | Buffer, how: string): Promise<string> => {
  const socket = connect({path, allowHalfOpen: true});
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  await once(socket, 'connect');
  if (how === 'ends') socket.end(sent);
  else {
    socket.write(sent);
    if (how === 'cuts') await new Promise(resolve => setImmediate(resolve));
    socket.destroy();
  }
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('utf8');
};

const answered = (said: string, wanted?: true): void => {
  const {ok, refusal} = JSON.parse(said) as {ok: boolean; refusal?: {kind: string; text: string}};
  if (ok) return;
  if (wanted || refusal?.kind !== 'control.request') throw new Error(`refused: ${said}`);
  presentable(refusal.text);
};

t.test('what an agent answers, to an agentctl of another version', async t => {
  const answers = mutated(
    {ok: true, value: sampleReport()},
    {ok: false, refusal: {kind: 'x', text: 'y'}},
    {},
  );
  const texts = fc.oneof(answers, json).map(each => JSON.stringify(each) ?? '');
  await fuzz(t, {runs: CASES.pure, input: texts}, text => {
    try {
      readResponse('status', text);
    } catch (error) {
      if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) throw error;
    }
  });
});
