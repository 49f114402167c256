/**
 * A fleet of three in the middle of a rollout, and the worst that can come from Consul and from the network. Each row: no
 * request lost that the release did not lose, the reason told while it lasts, recovery by itself, nothing left over.
 */
import t, {type Test} from 'tap';
import {put} from '../../lab/image/base.ts';
import {packageForLab} from '../../lab/image/package.ts';
import {journalled, ledgerOf, tellWhenFailed} from '../../lab/instance/agents.ts';
import type {Instance} from '../../lab/instance/host.ts';
import {type Region, startRegion} from '../../lab/region.ts';
import type {Consul} from '../../lab/services/consul.ts';
import {eventually} from '../../support/eventually.ts';
import {unmet} from '../../support/needs.ts';
import {everything, sample} from '../../support/sample.ts';
import {listen} from '../told.ts';
import {begin, bootFleet, type Fleet, finished, fleetConfig, tells} from './fleet.ts';
import {addPeers} from './peers.ts';
import {createTokens, LENIENT, type Tokens} from './tokens.ts';

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
  /** how many hosts are in traffic at the least; 2 of the three, as a rule */
  readonly least?: number;
}

const TOKEN = '/etc/release-agent/consul.token';
const MEMBERS = 'release-agent/web/production/members';
const NOTICED_MS = 15_000;

const leaderless = async (t: Test, {fleet, region, peers}: Night): Promise<void> => {
  const told = await Promise.all(region.instances.map(listen));
  const {release, holder, others} = await begin(fleet, 'activating');
  await Promise.all(peers.map(peer => peer.kill()));
  try {
    // the log has what came first, which may be a request that waited for the leader in vain
    await tells(t, told, {
      reason: /does not answer: (HTTP 500: .*(No cluster leader|EOF)|no answer in \d+ s)/,
    });
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

const hostCut = async (t: Test, {fleet, region}: Night): Promise<void> => {
  const [cut, ...others] = region.instances;
  if (!cut) throw new Error('no instance');
  const told = [await listen(cut)];
  await cut.partition();
  try {
    await tells(t, told, {reason: /the store .* does not answer: /i});
    await eventually(
      'the host to be missing',
      async () =>
        JSON.parse((await region.consul.get(MEMBERS)) ?? '{}').missing?.some(
          ({host}: {host: string}) => host === cut.id,
        ),
      {timeoutMs: 60_000, everyMs: 200},
    );
    const release = fleet.next();
    await region.desire(release);
    const reason = new RegExp(`below the capacity floor; not serving: ${cut.id} \\(not seen any more\\)`);
    await sayWhy(others, reason);
    t.same((await ledgerOf(region))?.permits, [], 'nobody gets a permit');
    await cut.heal();
    await finished(t, fleet, release);
  } finally {
    await cut.heal();
  }
};

const holderCut = async (t: Test, {fleet, region}: Night): Promise<void> => {
  const {release, holder, others} = await begin(fleet, 'activating');
  const told = [await listen(holder)];
  await holder.partition();
  try {
    await tells(t, told, {reason: /the store .* does not answer: /i});
    await comesBack(t, holder);
    await waitFor(t, {region, others, holder});
  } finally {
    await holder.heal();
  }
  await finished(t, fleet, release);
};

const terminated = async (t: Test, {fleet, region}: Night): Promise<void> => {
  const {release, holder, others} = await begin(fleet, 'activating');
  await holder.kill();
  await waitFor(t, {region, others, holder});
  await holder.terminate();
  await finished(t, fleet, release, others);
  const members = (await region.consul.get(MEMBERS)) ?? '';
  t.notMatch(members, holder.id, 'nobody remembers the instance');
};

const ROWS: readonly Row[] = [
  {name: 'Consul has no leader', run: leaderless},
  {name: 'Consul is restored from an older snapshot', run: restored},
  {name: 'the token is revoked, and given back', run: revoked},
  {name: 'a host is cut off before a rollout, and comes back', run: hostCut, isCut: true},
  {name: 'the host with the permit is cut off, and comes back', run: holderCut},
  // in the end one of two may go
  {name: 'the host with the permit dies, and is terminated later', run: terminated, least: 1},
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
    for (const row of sample(t, ROWS, 1))
      await t.test(row.name, t => underLoad(t, {fleet, region, peers, tokens}, row));
  },
);

const underLoad = async (t: Test, night: Night, {run, isCut, least = 2}: Row): Promise<void> => {
  const leastOf = watchTraffic(night.region);
  const load = night.region.startLoad({rps: 60, seconds: 600, slowShare: 0.01});
  const began = Date.now();
  try {
    await run(t, night);
  } finally {
    const {requests, failures} = await load.stop();
    const last = Math.max(0, ...failures.map(({at}) => at));
    const lost = isCut && last - (failures[0]?.at ?? began) < NOTICED_MS ? [] : failures;
    t.same(lost.slice(0, 3), [], `${requests} requests, ${failures.length} failed`);
    const inTraffic = leastOf();
    t.ok(inTraffic >= least, `never fewer than ${inTraffic} in traffic`);
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
  await eventually(`${host.id} to be back`, isBack, {timeoutMs: 60_000, everyMs: 200});
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
  await sayWhy(others, reason);
  const {permits = [], blocked} = (await ledgerOf(region)) ?? {};
  t.match(blocked, {kind: 'permit.holder-missing', details: {host: holder.id, ec2: 'running'}});
  t.same(
    permits.map(({host}) => host),
    [holder.id],
    'and nobody else has a permit',
  );
};

const sayWhy = async (hosts: readonly Instance[], reason: RegExp): Promise<void> => {
  const says = async (host: Instance) => {
    const STATUS = await host.exec(['systemctl', 'show', '-p', 'StatusText', '--value', 'release-agentd']);
    const why = (await host.agentctl('why')).stdout.replaceAll(/\s+/g, ' ');
    return reason.test(why) && reason.test(STATUS.stdout);
  };
  await eventually(
    'the others to say whom they wait for',
    async () => (await Promise.all(hosts.map(says))).every(Boolean),
    {timeoutMs: 90_000, everyMs: 500},
  );
};
