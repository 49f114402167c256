/**
 * A fleet of three in the middle of a rollout, and the worst that can come from Consul and from the network. Each row: no
 * request lost that the release did not lose, the reason told while it lasts, recovery by itself, nothing left over.
 */
import t, {type Test} from 'tap';
import {journalled, ledgerOf, tellWhenFailed} from '../lab/agents.ts';
import {put} from '../lab/base.ts';
import type {Consul} from '../lab/consul.ts';
import type {Instance} from '../lab/host.ts';
import {packageForLab} from '../lab/package.ts';
import {type Region, startRegion} from '../lab/region.ts';
import {until} from '../lab/until.ts';
import {unmet} from '../support/needs.ts';
import {everything, sample} from '../support/sample.ts';
import {begin, bootFleet, type Fleet, finished, fleetConfig, tells} from './consul-fleet.ts';
import {addPeers} from './consul-peers.ts';
import {createTokens, LENIENT, type Tokens} from './consul-tokens.ts';
import {listen} from './told.ts';

interface Night {
  readonly fleet: Fleet;
  readonly region: Region;
  readonly peers: readonly Consul[];
  readonly tokens: Tokens;
}

interface Row {
  readonly name: string;
  readonly run: (t: Test, night: Night) => Promise<void>;
  /** requests may get lost on the way to a host that is cut off, until the load balancer has noticed */
  readonly isCut?: true;
}

const TOKEN = '/etc/release-agent/consul.token';
const NOTICED_MS = 15_000;

const leaderless = async (t: Test, {fleet, region, peers}: Night): Promise<void> => {
  const told = await Promise.all(region.instances.map(listen));
  const {release, holder, others} = await begin(fleet, 'activating');
  await Promise.all(peers.map(peer => peer.kill()));
  try {
    await tells(t, told, {reason: /does not answer: HTTP 500: .*(No cluster leader|EOF)/});
    await comesBack(t, holder);
    await staysIn(t, others);
  } finally {
    await Promise.all(peers.map(peer => peer.start()));
  }
  await finished(t, fleet, release);
};

const restored = async (t: Test, {fleet, region, tokens}: Night): Promise<void> => {
  const {address} = region.consul;
  const before = (await ledgerOf(region))?.proven ?? '';
  const headers = {'X-Consul-Token': tokens.manager};
  const snapshot = await (await fetch(`${address}/v1/snapshot`, {headers})).bytes();
  const {release} = await begin(fleet, 'activating');
  const given = (await ledgerOf(region))?.fence ?? 0;
  const reply = await fetch(`${address}/v1/snapshot`, {method: 'PUT', headers, body: snapshot});
  t.equal(reply.status, 200, 'Consul is as it was before the rollout, whose first host is on its way');
  await finished(t, fleet, before);
  await region.desire(release);
  await finished(t, fleet, release);
  const fence = (await ledgerOf(region))?.fence ?? 0;
  t.ok(fence >= given + 3, `no fence is given twice: ${given} before, then three hosts, now ${fence}`);
};

const revoked = async (t: Test, {fleet, region, tokens}: Night): Promise<void> => {
  const {instances} = region;
  const token = (await instances[0]?.exec(['cat', TOKEN]))?.stdout.trim() ?? '';
  const told = await Promise.all(instances.map(listen));
  const {release, holder, others} = await begin(fleet, 'activating');
  await tokens.revoke(token);
  await tells(t, told, {reason: /refuses the request: HTTP 403: .*ACL not found/});
  t.match(await holder.agentctl('check'), {code: 1, stdout: /to read web\/production\/desired/});
  await comesBack(t, holder);
  await staysIn(t, others);
  const input = await tokens.make();
  for (const instance of instances) await instance.exec(['tee', TOKEN], {input});
  await finished(t, fleet, release);
  t.match(await holder.agentctl('check'), {code: 0, stdout: /the configuration is usable/});
};

const waiterCut = async (t: Test, {fleet, region}: Night): Promise<void> => {
  const {release, holder, others} = await begin(fleet, 'activating');
  const [cut, third] = others as [Instance, Instance];
  const told = [await listen(cut)];
  await cut.partition();
  await tells(t, told, {reason: /the store .* does not answer: /});
  await comesBack(t, holder);
  const reason = new RegExp(`one less would go below the capacity floor; not serving: ${cut.id} \\(not seen`);
  await until({what: 'the third host to say whom it waits for', timeoutMs: 60_000, everyMs: 500}, async () =>
    reason.test((await third.agentctl('why')).stdout.replaceAll(/\s+/g, ' ')),
  );
  t.not((await ledgerOf(region))?.proven, release, 'it is not proven');
  await cut.heal();
  await finished(t, fleet, release);
};

const holderCut = async (t: Test, {fleet, region}: Night): Promise<void> => {
  const {release, holder, others} = await begin(fleet, 'activating');
  const told = [await listen(holder)];
  await holder.partition();
  await tells(t, told, {reason: /the store .* does not answer: /});
  await comesBack(t, holder);
  await waitFor(t, {region, others, holder});
  await holder.heal();
  await finished(t, fleet, release);
};

const terminated = async (t: Test, {fleet, region}: Night): Promise<void> => {
  const {release, holder, others} = await begin(fleet, 'activating');
  await holder.kill();
  await waitFor(t, {region, others, holder});
  await holder.terminate();
  await finished(t, fleet, release, others);
  const members = (await region.consul.get('release-agent/web/production/members')) ?? '';
  t.notMatch(members, holder.id, 'nobody remembers the instance');
};

const ROWS: readonly Row[] = [
  {name: 'Consul has no leader', run: leaderless},
  {name: 'Consul is restored from an older snapshot', run: restored},
  {name: 'the token is revoked, and given back', run: revoked},
  {name: 'a host that waits is cut off, and comes back', run: waiterCut, isCut: true},
  {name: 'the host with the permit is cut off, and comes back', run: holderCut},
  {name: 'the host with the permit dies, and is terminated later', run: terminated},
];

t.test(
  'a fleet in the middle of a rollout',
  {skip: unmet('root', 'debian', 'loop'), timeout: everything() ? 2_400_000 : 900_000},
  async t => {
    const region = await startRegion({
      name: `fleet-${process.pid % 10_000}`,
      instances: 3,
      deb: await packageForLab(),
      consul: LENIENT,
      config: files => `${fleetConfig(files)}\n[consul]\ntoken-file = "${TOKEN}"\n`,
    });
    t.teardown(region.down);
    t.teardown(() => tellWhenFailed(t, region));
    const peers = await addPeers(t, region, LENIENT);
    const tokens = await createTokens(region.consul.address);
    const token = await tokens.make();
    for (const {root} of region.instances) await put(root, TOKEN, token, 0o600);
    const fleet = await bootFleet(t, region);
    for (const row of sample(t, ROWS, 2))
      await t.test(row.name, t => underLoad(t, {fleet, region, peers, tokens}, row));
  },
);

const underLoad = async (t: Test, night: Night, {run, isCut}: Row): Promise<void> => {
  const least = watchTraffic(night.region);
  const load = night.region.startLoad({rps: 60, seconds: 600, slowShare: 0.01});
  const began = Date.now();
  try {
    await run(t, night);
  } finally {
    const {requests, failures} = await load.stop();
    const last = Math.max(0, ...failures.map(({at}) => at));
    const lost = isCut && last - (failures[0]?.at ?? began) < NOTICED_MS ? [] : failures;
    t.same(lost.slice(0, 3), [], `${requests} requests, ${failures.length} failed`);
    t.ok(least() >= (isCut ? 1 : 2), `never fewer than ${least()} in traffic`);
  }
};

/** Samples how many of the instances are in traffic, until it is asked. */
const watchTraffic = ({balancer}: Region): (() => number) => {
  let least = balancer.ready().length;
  const timer = setInterval(() => {
    least = Math.min(least, balancer.ready().length);
  }, 20);
  timer.unref();
  return () => {
    clearInterval(timer);
    return least;
  };
};

const comesBack = async (t: Test, host: Instance): Promise<void> => {
  const isBack = async () => (await journalled(host))?.phase === 'serving';
  await until({what: `${host.id} to be back`, timeoutMs: 60_000, everyMs: 200}, isBack);
  t.pass('the host that was out came back by itself');
};

const staysIn = async (t: Test, hosts: readonly Instance[]): Promise<void> => {
  for (const host of hosts)
    t.match((await journalled(host))?.phase, /^(serving|staging|waiting)$/, 'the others stay in traffic');
};

/** The others say that they wait for the host with the permit, and what EC2 says of it; meanwhile nobody gets one. */
const waitFor = async (
  t: Test,
  {region, others, holder}: {region: Region; others: readonly Instance[]; holder: Instance},
): Promise<void> => {
  const reason = new RegExp(`one on ${holder.id}, which is not seen any more: .*EC2 says: running`);
  const says = async (host: Instance) => {
    const STATUS = await host.exec(['systemctl', 'show', '-p', 'StatusText', '--value', 'release-agentd']);
    const why = (await host.agentctl('why')).stdout.replaceAll(/\s+/g, ' ');
    return reason.test(why) && reason.test(STATUS.stdout);
  };
  await until({what: 'the others to say whom they wait for', timeoutMs: 90_000, everyMs: 500}, async () =>
    (await Promise.all(others.map(says))).every(Boolean),
  );
  const {permits = [], blocked} = (await ledgerOf(region)) ?? {};
  t.match(blocked, {kind: 'permit.holder-missing', details: {host: holder.id, ec2: 'running'}});
  t.same(
    permits.map(({host}) => host),
    [holder.id],
    'and nobody else has a permit',
  );
};
