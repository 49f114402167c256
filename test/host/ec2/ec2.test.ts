import {spawn} from 'node:child_process';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import process from 'node:process';
import t, {type Test} from 'tap';
import {reasonOf} from '../../../agent/core/reason-error.ts';
import {createEc2, type Ec2Options} from '../../../agent/host/ec2/ec2.ts';
import {eventually} from '../../support/eventually.ts';
import {listen, read, startFake, workers} from './server.ts';

const ID = 'i-0123456789abcdef0';
const never = new AbortController().signal;

Object.assign(process.env, {AWS_ACCESS_KEY_ID: 'lab', AWS_SECRET_ACCESS_KEY: 'not-to-be-shown', OTHER: 'x'});

const client = (endpoint: string, more: Partial<Ec2Options> = {}) =>
  createEc2({region: 'eu-west-1', endpoint, idleMs: 1_000, ...more});

const noWorker = () => eventually('the worker to be gone', () => workers().length === 0);
const oneWorker = () => eventually('a worker', () => workers()[0]);

/** Counts the workers that are there at once, until the test ends. */
const watchWorkers = (t: Test) => {
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, workers().length);
  }, 5);
  t.teardown(() => clearInterval(timer));
  return () => most;
};

t.beforeEach(noWorker);

t.test('a process of its own asks EC2: started by the first call, one for all, gone when idle', async t => {
  const {address} = await startFake(t, () => 'running');
  const most = watchWorkers(t);
  const ec2 = client(address, {idleMs: 300});
  t.same(workers(), []);
  t.same(await Promise.all([1, 2, 3].map(() => ec2.instanceState(ID, never))), Array(3).fill('running'));
  const first = await oneWorker();
  t.equal(await ec2.instanceState(ID, never), 'running');
  t.equal(await oneWorker(), first);
  await noWorker();
  t.equal(await ec2.instanceState(ID, never), 'running');
  t.not(await oneWorker(), first);
  t.equal(most(), 1);
  const loaded = Object.keys(createRequire(import.meta.url).cache).filter(each => each.includes('aws-sdk'));
  t.same(loaded, [], 'this process did not load the SDK');
});

t.test(
  "what is no answer of EC2's is no answer: nothing is missing because a web page does not name it",
  async t => {
    const address = await listen(t, (_, response) => void response.end('<html><body>Welcome!</body></html>'));
    const ec2 = client(address, {deadlineMs: 1_000});
    const expected = {kind: 'ec2.answer'};
    t.match(await ec2.instanceState(ID, never).catch(reasonOf), expected);
    t.match(await ec2.snapshot('snap-11111111', never).catch(reasonOf), expected);
    t.match(await ec2.volume('vol-11111111', never).catch(reasonOf), expected);
    t.match(await ec2.volumes({Name: 'x'}, never).catch(reasonOf), expected);
  },
);

t.test('the worker sees credentials and little else, and shows no secret', async t => {
  const {address} = await startFake(t, () => 'running');
  await client(address).instanceState(ID, never);
  const pid = await oneWorker();
  const environment = read(pid, 'environ').split('\0');
  t.ok(environment.includes('AWS_SECRET_ACCESS_KEY=not-to-be-shown'));
  t.ok(environment.includes('AWS_EC2_METADATA_V1_DISABLED=true'));
  t.notOk(environment.some(each => each.startsWith('OTHER=')));
  t.notMatch(read(pid, 'cmdline'), /not-to-be-shown/);
  t.equal(read(pid, 'comm'), 'release-ec2\n', 'it has a name of its own among the processes');
});

t.test('a worker that is killed in mid-call is replaced, and the call is made again', async t => {
  const fake = await startFake(t, n => (n === 0 ? 'nothing' : 'running'));
  const most = watchWorkers(t);
  const state = client(fake.address).instanceState(ID, never);
  await eventually('the call to arrive', () => fake.asked.length === 1);
  process.kill(await oneWorker(), 'SIGKILL');
  t.equal(await state, 'running');
  t.equal(fake.asked.length, 2);
  t.equal(most(), 1);
});

t.test('a worker that dies each time: the reason says so', async t => {
  const {address} = await startFake(t, () => 'nothing');
  const kill = () => {
    for (const pid of workers()) process.kill(pid, 'SIGKILL');
  };
  const killer = setInterval(kill, 20);
  t.teardown(() => clearInterval(killer));
  const why = await client(address, {deadlineMs: 500}).instanceState(ID, never).catch(reasonOf);
  t.match(why, {kind: 'ec2.unreachable', details: {cause: /process that asks it ended: SIGKILL/}});
});

t.test(
  'a worker that hangs is killed and replaced, one that still starts is not',
  {timeout: 120_000},
  async t => {
    const {address} = await startFake(t, () => 'running');
    const most = watchWorkers(t);
    const ec2 = client(address, {tryMs: 5_000, graceMs: 1_000});
    t.equal(await ec2.instanceState(ID, never), 'running');
    process.kill(await oneWorker(), 'SIGSTOP');
    t.equal(await ec2.instanceState(ID, never), 'running');
    t.equal(most(), 1);
  },
);

t.test('a call that is aborted ends at once, its request too; the worker goes on', async t => {
  const fake = await startFake(t, n => (n === 0 ? 'nothing' : 'running'));
  const ec2 = client(fake.address);
  const end = new AbortController();
  const state = ec2.instanceState(ID, end.signal);
  await eventually('the call to arrive', () => fake.asked.length === 1);
  const pid = await oneWorker();
  end.abort(new Error('enough'));
  await t.rejects(state, {message: 'enough'});
  await eventually('the request to be dropped', () => fake.dropped() === 1);
  t.equal(await ec2.instanceState(ID, never), 'running');
  t.equal(await oneWorker(), pid);
});

t.test('what EC2 does not know is null, a refusal has its code', async t => {
  const unknown = await startFake(t, () => ['InvalidInstanceID.NotFound', 400]);
  t.equal(await client(unknown.address).instanceState(ID, never), null);
  const refusing = await startFake(t, () => ['UnauthorizedOperation', 403]);
  const why = await client(refusing.address).instanceState(ID, never).catch(reasonOf);
  const details = {
    action: 'DescribeInstances',
    code: 'UnauthorizedOperation',
    cause: 'says UnauthorizedOperation',
  };
  t.match(why, {kind: 'ec2.refused', details});
  t.equal(refusing.asked.length, 1);
});

t.test('throttled for a while, it waits; throttled for too long, it says so', async t => {
  const passing = await startFake(t, n => (n < 2 ? ['RequestLimitExceeded', 503] : 'running'));
  t.equal(await client(passing.address).instanceState(ID, never), 'running');
  t.equal(passing.asked.length, 3);
  const lasting = await startFake(t, () => ['RequestLimitExceeded', 503]);
  const why = await client(lasting.address, {deadlineMs: 1_000}).instanceState(ID, never).catch(reasonOf);
  t.match(why, {kind: 'ec2.throttled', details: {action: 'DescribeInstances', seconds: 1}});
});

t.test('an EC2 that cannot be reached, and one that never answers', async t => {
  const why = (endpoint: string, tryMs: number) =>
    client(endpoint, {deadlineMs: 1_500, tryMs}).instanceState(ID, never).catch(reasonOf);
  t.match(await why('http://127.0.0.1:9', 30_000), {
    kind: 'ec2.unreachable',
    details: {cause: /ECONNREFUSED/},
  });
  const {address} = await startFake(t, () => 'nothing');
  t.match(await why(address, 1_000), {kind: 'ec2.unreachable', details: {cause: 'no answer in 1 s'}});
});

t.test('the worker is gone when its channel is closed; without one there is nothing to wait for', async t => {
  const {address} = await startFake(t, () => 'running');
  const ec2 = client(address, {idleMs: 60_000});
  await ec2.close();
  await ec2.instanceState(ID, never);
  await oneWorker();
  await ec2.close();
  t.same(workers(), []);
});

t.test('the worker ends with its agent, however that ends', async t => {
  const {address} = await startFake(t, () => 'nothing');
  const script = `
    const {createEc2} = await import(${JSON.stringify(join(import.meta.dirname, '../../../agent/host/ec2/ec2.ts'))});
    await createEc2({region: 'eu-west-1', endpoint: '${address}'}).instanceState('${ID}', new AbortController().signal);`;
  const agent = spawn(process.execPath, ['--input-type=module', '-e', script], {stdio: 'ignore'});
  t.teardown(() => agent.kill('SIGKILL'));
  const pid = await eventually('its worker', () => workers(agent.pid)[0]);
  agent.kill('SIGKILL');
  t.ok(await eventually('the worker to be gone', () => read(pid, 'cmdline') === ''));
});
