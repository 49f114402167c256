/** Credentials come from IMDS as on an instance: slow, refused, and there again. */
import type {RequestListener} from 'node:http';
import process from 'node:process';
import t from 'tap';
import {reasonOf} from '../../../agent/core/reason-error.ts';
import {createEc2, type Ec2Options} from '../../../agent/host/ec2/ec2.ts';
import {listen, startFake} from './server.ts';

const ID = 'i-0123456789abcdef0';
const never = new AbortController().signal;

for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
process.env.HOME = '/nonexistent';

interface Mood {
  /** answers to come of the token's path that are a refusal */
  refusals: number;
  delayMs: number;
}

/** IMDS with a role. Requests without a token are counted: there must be none. */
const startImds = async (t: Parameters<typeof listen>[0], mood: Mood, host?: string) => {
  let tokens = 0;
  let bare = 0;
  const listener: RequestListener = (request, response) => {
    const answer = (status: number, body = ''): void => {
      setTimeout(() => response.writeHead(status).end(body), mood.delayMs);
    };
    if (request.method === 'PUT') {
      tokens += 1;
      mood.refusals -= 1;
      return answer(mood.refusals < 0 ? 200 : 403, 'the-token');
    }
    if (request.headers['x-aws-ec2-metadata-token'] !== 'the-token') bare += 1;
    if (request.url?.endsWith('/security-credentials/')) return answer(200, 'role');
    return answer(200, JSON.stringify(CREDENTIALS));
  };
  const address = await listen(t, listener, host);
  if (host === undefined) process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = address;
  else delete process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
  return {address, tokens: () => tokens, bare: () => bare};
};

const CREDENTIALS = {
  Code: 'Success',
  AccessKeyId: 'AKIDOFTHEROLE',
  SecretAccessKey: 'secret',
  Token: 'session',
  Expiration: '2099-01-01T00:00:00Z',
};

const state = (endpoint: string, more: Partial<Ec2Options> = {}) =>
  createEc2({region: 'eu-west-1', endpoint, idleMs: 100, ...more}).instanceState(ID, never);

t.test('a role, with a token', async t => {
  const imds = await startImds(t, {refusals: 0, delayMs: 0});
  const fake = await startFake(t, () => 'running');
  t.equal(await state(fake.address), 'running');
  t.match(fake.asked[0], /AKIDOFTHEROLE/);
  t.equal(imds.bare(), 0);
});

t.test('a token that is refused for some time: asked for again, never without it', async t => {
  const imds = await startImds(t, {refusals: 3, delayMs: 0});
  const fake = await startFake(t, () => 'running');
  t.equal(await state(fake.address), 'running');
  t.ok(imds.tokens() > 3);
  t.equal(imds.bare(), 0);
});

t.test('an IMDS that is slow for some time', async t => {
  const mood = {refusals: 0, delayMs: 3_000};
  await startImds(t, mood);
  const fake = await startFake(t, () => 'running');
  const running = state(fake.address);
  setTimeout(() => {
    mood.delayMs = 0;
  }, 2_500);
  t.equal(await running, 'running');
});

t.test('no role at all: the reason says that credentials are missing', async t => {
  await startImds(t, {refusals: 1_000, delayMs: 0});
  const fake = await startFake(t, () => 'running');
  const why = await state(fake.address, {deadlineMs: 1_500}).catch(reasonOf);
  t.match(why, {kind: 'ec2.unreachable', details: {cause: /credentials|IMDS|metadata/i}});
  t.comment(JSON.stringify(why));
  t.same(fake.asked, []);
});

t.test('IMDS where the configuration says it is, by IPv6 too', async t => {
  const imds = await startImds(t, {refusals: 0, delayMs: 0}, '::1');
  const fake = await startFake(t, () => 'running');
  t.equal(await state(fake.address, {imds: imds.address, deadlineMs: 20_000}), 'running');
  t.match(imds.address, /^http:\/\/\[::1\]:/);
  t.match(fake.asked[0], /AKIDOFTHEROLE/);
});
