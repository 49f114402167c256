/** Whatever answers in EC2's place, and in that of the instance metadata: facts that hold, or a reason, in time. */
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import process from 'node:process';
import fc from 'fast-check';
import t, {type Test} from 'tap';
import {createEc2} from '../../agent/host/ec2/ec2.ts';
import {createImds} from '../../agent/host/imds/imds.ts';
import {CASES, fuzz, outcomeOf, presentable} from './fuzz.ts';
import {bytes, damaged, documentTexts, text} from './inputs.ts';

interface Reply {
  readonly status: number;
  readonly body: string | Buffer;
}

const VOLUME = `<item><volumeId>vol-01234567</volumeId><snapshotId>snap-01234567</snapshotId><availabilityZone>a</availabilityZone>
<status>in-use</status><createTime>2027-01-01T00:00:00.000Z</createTime><attachmentSet><item><instanceId>i-1</instanceId>
<device>/dev/sdf</device><status>attached</status></item></attachmentSet><tagSet><item><key>k</key><value>v</value></item></tagSet></item>`;
const SNAPSHOT = `<item><snapshotId>snap-01234567</snapshotId><status>completed</status><progress>100%</progress>
<ownerId>123456789012</ownerId><volumeSize>1</volumeSize><storageTier>standard</storageTier></item>`;
const INSTANCE = `<item><instancesSet><item><instanceId>i-1</instanceId><instanceState><code>16</code><name>running</name>
</instanceState></item></instancesSet></item>`;
const ANSWERS = {
  volumes: `<DescribeVolumesResponse><volumeSet>${VOLUME}</volumeSet></DescribeVolumesResponse>`,
  snapshots: `<DescribeSnapshotsResponse><snapshotSet>${SNAPSHOT}</snapshotSet></DescribeSnapshotsResponse>`,
  created:
    '<CreateVolumeResponse><volumeId>vol-01234567</volumeId><status>creating</status></CreateVolumeResponse>',
  attached: '<AttachVolumeResponse><status>attaching</status></AttachVolumeResponse>',
  deleted: '<DeleteVolumeResponse><return>true</return></DeleteVolumeResponse>',
  instances: `<DescribeInstancesResponse><reservationSet>${INSTANCE}</reservationSet></DescribeInstancesResponse>`,
  error:
    '<Response><Errors><Error><Code>InvalidVolume.NotFound</Code><Message>none</Message></Error></Errors></Response>',
};

const ODD_VALUES = ['', '-1', '0.5', '1e308', 'NaN', '99999999999999999999', 'true', '2027-13-45T99:00:00Z'];

/** One value of an answer is another one. */
const changedIn = (answers: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...answers), fc.nat(), fc.oneof(text, fc.constantFrom(...ODD_VALUES)))
    .map(([answer, where, value]) => {
      const values = [...answer.matchAll(/>([^<>\n]+)</g)];
      const found = values[where % values.length];
      if (!found) return answer;
      const safe = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      return `${answer.slice(0, found.index + 1)}${safe}${answer.slice(found.index + found[0].length - 1)}`;
    });

/** What answers instead of EC2: near one of these, which would be right, or anything. */
const repliesLike = (...answers: readonly string[]): fc.Arbitrary<Reply> =>
  fc.record({
    status: fc.oneof(
      {weight: 6, arbitrary: fc.constant(200)},
      fc.constantFrom(204, 301, 400, 401, 403, 404, 429, 500),
    ),
    body: fc.oneof(
      {weight: 4, arbitrary: changedIn(answers)},
      {weight: 2, arbitrary: damaged(fc.constantFrom(...answers))},
      {weight: 1, arbitrary: text},
      {weight: 1, arbitrary: bytes},
      {
        weight: 1,
        arbitrary: fc.constantFrom('', '<a>'.repeat(2_000), '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
      },
    ),
  });

/** Gives each request the next of the replies, the last one again and again. */
const startServer = async (t: Test) => {
  const now: {replies: Reply[]} = {replies: []};
  const server = createServer((request, response) => {
    request.resume();
    const {status, body} = (now.replies.length > 1 ? now.replies.shift() : now.replies[0]) ?? {
      status: 500,
      body: '',
    };
    response.writeHead(status, {'content-type': 'text/xml'}).end(body);
  }).listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  t.teardown(() => server.close().closeAllConnections());
  return {now, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`};
};

t.test('EC2', async t => {
  Object.assign(process.env, {AWS_ACCESS_KEY_ID: 'fuzz', AWS_SECRET_ACCESS_KEY: 'fuzz'});
  const {now, address} = await startServer(t);
  // without a second try: what is not usable is not usable the next time
  const ec2 = createEc2({
    region: 'eu-west-1',
    endpoint: address,
    deadlineMs: 60_000,
    tryMs: 60_000,
    idleMs: 1_000,
  });
  const {signal} = new AbortController();
  const id = 'vol-01234567';
  const create = {snapshot: 'snap-01234567', zone: 'a', type: 'gp3', tags: {a: 'b'}, token: 't'};
  const calls = {
    snapshot: async (signal: AbortSignal) => {
      const facts = await ec2.snapshot('snap-01234567', signal);
      if (facts && !(Number.isSafeInteger(facts.sizeGiB) && facts.sizeGiB > 0))
        throw new Error(`a size of ${facts.sizeGiB}`);
    },
    volume: async (signal: AbortSignal) => {
      const facts = await ec2.volume(id, signal);
      if (facts && !(/^vol-/.test(facts.id) && Number.isFinite(facts.createdAt)))
        throw new Error(`a volume ${facts.id} of ${facts.createdAt}`);
    },
    volumes: (signal: AbortSignal) => ec2.volumes({a: 'b'}, signal),
    createVolume: async (signal: AbortSignal) => {
      const made = await ec2.createVolume(create, signal);
      if (!/^vol-[0-9a-f]{8,17}$/.test(made)) throw new Error(`a volume ${made}`);
    },
    attachVolume: (signal: AbortSignal) =>
      ec2.attachVolume({volume: id, instance: 'i-1', device: '/dev/sdf'}, signal),
    deleteVolume: (signal: AbortSignal) => ec2.deleteVolume(id, signal),
    instanceState: (signal: AbortSignal) => ec2.instanceState('i-1', signal),
  };
  const fitting: Readonly<Record<keyof typeof calls, string>> = {
    snapshot: ANSWERS.snapshots,
    volume: ANSWERS.volumes,
    volumes: ANSWERS.volumes,
    createVolume: ANSWERS.created,
    attachVolume: ANSWERS.attached,
    deleteVolume: ANSWERS.deleted,
    instanceState: ANSWERS.instances,
  };
  const names = Object.keys(calls) as (keyof typeof calls)[];
  now.replies = [{status: 200, body: ANSWERS.volumes}];
  await ec2.volume(id, signal); // the process that asks is there from now on
  const input = fc.oneof(
    ...names.map(name => fc.tuple(fc.constant(name), repliesLike(fitting[name], ANSWERS.error))),
  );
  const kinds = ['ec2.refused', 'ec2.throttled', 'ec2.unreachable', 'ec2.answer'] as const;
  await fuzz(t, {runs: CASES.io, input, deadlineMs: 20_000}, async ([name, reply]) => {
    now.replies = [reply];
    const enough = AbortSignal.timeout(200);
    await outcomeOf<unknown>(async () => {
      try {
        return await calls[name](enough);
      } catch (error) {
        if (enough.aborted) return null;
        throw error;
      }
    }, kinds);
  });
});

const DOCUMENT = {
  instanceId: 'i-0123456789abcdef0',
  availabilityZone: 'eu-west-1a',
  region: 'eu-west-1',
  accountId: '123456789012',
};

t.test('the instance metadata', async t => {
  const {now, address} = await startServer(t);
  const token = fc.oneof({weight: 5, arbitrary: fc.constant('token')}, text);
  const status = fc.oneof(
    {weight: 6, arbitrary: fc.constant(200)},
    fc.constantFrom(204, 301, 400, 401, 403, 404, 500),
  );
  const body = fc.oneof({weight: 3, arbitrary: documentTexts(DOCUMENT)}, text, bytes);
  const input = fc.tuple(token, status, body, fc.boolean());
  const kinds = ['imds.answer', 'imds.refused', 'imds.unreachable'] as const;
  await fuzz(t, {runs: 2 * CASES.io, input, deadlineMs: 20_000}, async ([said, status, body, asksTag]) => {
    now.replies = [
      {status: 200, body: said},
      {status, body},
    ];
    const imds = createImds({base: address, tries: 1, timeoutMs: 2_000});
    const {signal} = new AbortController();
    await outcomeOf(async () => {
      if (asksTag) {
        const tag = await imds.tag('release-agent:app', signal);
        if (tag !== null && tag.length > 256) throw new Error(`a tag of ${tag.length}`);
      } else for (const fact of Object.values(await imds.identity(signal))) presentable(fact);
    }, kinds);
  });
});
