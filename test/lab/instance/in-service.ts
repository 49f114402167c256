/** What is wrong with a host that should be in service, container or virtual machine, as seen by systemd, Consul, EC2 and on its disk. */
import {DescribeVolumesCommand, EC2Client} from '@aws-sdk/client-ec2';
import type {Test} from 'tap';
import type {Ledger} from '../../../agent/core/fleet/ledger.ts';
import type {Activation, State} from '../../../agent/core/host/state.ts';
import {releaseId} from '../../../agent/core/release.ts';
import {eventually} from '../../support/eventually.ts';
import {type ReleaseOptions, releaseJson} from '../application/releases.ts';
import type {Ec2} from '../ec2/ec2.ts';
import type {Region} from '../region.ts';
import {journalled} from './agents.ts';
import type {Instance} from './host.ts';

/** A release as it was published. */
export type Published = {readonly id: string; readonly release: ReleaseOptions};

export type Host = {
  readonly region: Region;
  readonly instance: Instance;
  readonly channel: string;
  readonly client: EC2Client;
};

/** A host, as far as it is looked at here. */
export type Inspected = {
  readonly region: Pick<Region, 'consul'>;
  /** `root`: its root file system, where that can be read from here */
  readonly instance: Pick<Instance, 'id' | 'ip' | 'exec'> & Partial<Pick<Instance, 'root'>>;
  readonly channel: string;
  readonly client: EC2Client;
};

/** A client of the region's EC2, closed with the test. */
export const ec2Client = (t: Test, {address: endpoint, region, credentials}: Ec2): EC2Client => {
  const client = new EC2Client({endpoint, region, credentials});
  t.teardown(() => client.destroy());
  return client;
};

/** The complaints that are left once there are none or the time is over, and how long that took. */
export const complaintsWithin = async (
  host: Inspected,
  expected: readonly Published[],
  {timeoutMs, everyMs = 300}: {readonly timeoutMs: number; readonly everyMs?: number},
): Promise<{readonly last: readonly string[]; readonly tookS: string}> => {
  let last: readonly string[] = [];
  const began = performance.now();
  const ask = async () => {
    last = await complaintsOf(host, expected).catch((error: unknown) => [String(error)]);
    return last.length === 0;
  };
  await eventually('no complaint', ask, {timeoutMs, everyMs}).catch(() => undefined);
  return {last, tookS: ((performance.now() - began) / 1000).toFixed(1)};
};

/** In service on one of the releases with nothing left behind: no complaint. */
export const complaintsOf = async (
  {region, instance, channel, client}: Inspected,
  expected: readonly Published[],
): Promise<readonly string[]> => {
  const state = await journalOf(instance);
  if (state === null) return ['there is no journal'];
  const active = expected.find(({id}) => state.active && id === releaseId(state.active.release));
  if (active === undefined) return [`it is on ${JSON.stringify(state.active?.release)}`];
  // the rest costs dozens of processes, and says nothing of a host that is on its way
  if (ofState(state).length > 0) return ofState(state);
  const [seen, passing, ledger, volumes] = await Promise.all([
    look(instance),
    region.consul.passing('web'),
    region.consul.get(`release-agent/web/${channel}/ledger`),
    volumesOf(client, instance),
  ]);
  const {permits} = JSON.parse(ledger ?? '{"permits":[]}') as Ledger;
  return [
    ...ofService(seen, active.release),
    ...(passing.includes(instance.ip) ? [] : ['Consul does not show it as passing']),
    ...permits.map(({host, fence}) => `permit ${fence} of ${host} is out`),
    ...ofDisk(seen, state),
    ...ofVolumes(seen, volumes, state),
  ];
};

/** The journalled state; null before there is one. For a moment of each write there is only the one before. */
export const journalOf = async ({root, exec}: Inspected['instance']): Promise<State | null> => {
  if (root !== undefined) return (await journalled({root})) ?? journalled({root}, 'journal.before.json');
  const script = 'cd /var/lib/release-agent && cat journal.json || cat journal.before.json';
  const {stdout} = await exec(['sh', '-c', script]);
  return stdout.endsWith('\n') ? (JSON.parse(stdout) as {state: State}).state : null;
};

const LOOK = `
cd /var/lib/release-agent
systemctl is-active release-agentd web; echo --
curl -sf -m 2 http://127.0.0.1:8080/version; echo; echo --
cat /release/release.json; echo --
curl -sf -m 2 http://127.0.0.1:8500/v1/agent/checks | grep -o '_service_maintenance:[a-z]*'; echo --
readlink current; echo --
ls slots; echo --
find . -path ./slots -prune -o \\( -name '*.new*' -o -path './git/staging/*' -o -path './git/trash/*' \\) -print -prune; echo --
findmnt -rno TARGET,SOURCE,OPTIONS | grep /slots/; echo --
ls ebs git/slots 2>/dev/null | grep -o '^[0-9].*[.]\\(json\\|index\\)$' | grep -o '^[a-z0-9-]*'; echo --
systemctl list-units --all --plain --no-legend --type=mount | sed -n 's/^.*slots-\\(.*\\)[.]mount .*$/\\1/p' | sed 's/.x2d/-/g'; echo --
systemctl list-units --failed --plain --no-legend | grep -E 'release|slots' | cut -d' ' -f1
systemctl list-units --all --plain --no-legend --type=service 'release-agent-*' | cut -d' ' -f1 | grep -vx release-agent-leave.service; echo --
find /run/release-agent /tmp/systemd-private-*-release-agentd.* /var/tmp/systemd-private-*-release-agentd.* -mindepth 1 \
  ! -path '*-release-agentd.service-??????/tmp' \\
  | grep -vxE '/run/release-agent/(activated|control.sock|identity.json|journal.json|operate.sock)'; echo --
grep -H ^vol /sys/block/nvme*n1/device/serial; echo --
cat ebs/*.slot.json
`;

const look = async ({exec}: Inspected['instance']) => {
  const {stdout} = await exec(['sh', '-c', LOOK], {timeoutMs: 60_000});
  const [units = '', version = '', json = '', maintenance = '', ...rest] = stdout.split('--\n');
  const [current = [], slots = [], leftovers = [], mounts = [], records = [], ...more] = rest.map(lines);
  const [mountUnits = [], strangeUnits = [], temporary = [], serials = [], volumes = []] = more;
  const strays = [...leftovers, ...strangeUnits, ...temporary];
  return {
    ...{units, version, json, maintenance, current, slots, strays, records, mountUnits},
    mounts: mounts.map(line => line.split(' ')),
    disks: disksOf(serials, volumes),
  };
};

/** Slot → its NVMe drive, found by the serial number. Containers have none: there volumes have the names that were asked for. */
const disksOf = (serials: readonly string[], records: readonly string[]): ReadonlyMap<string, string> => {
  const drives = new Map(serials.map(line => [line.split(':')[1]?.trim(), /nvme\d+n1/.exec(line)?.[0]]));
  return new Map(
    records.flatMap(line => {
      const {slot, volume} = JSON.parse(line) as {slot: string; volume: string};
      const drive = drives.get(volume.replace('-', ''));
      return drive === undefined ? [] : [[slot, `/dev/${drive}`] as const];
    }),
  );
};

type Seen = Awaited<ReturnType<typeof look>>;

const lines = (text: string): string[] => text.split('\n').filter(Boolean);

const ofState = ({phase, out, permit}: State): string[] => [
  ...(phase === 'serving' ? [] : [`it is ${phase}`]),
  ...(out ? ['it says that it is out of traffic'] : []),
  ...(permit === null ? [] : [`it holds permit ${permit}`]),
];

const ofService = ({units, version, json, maintenance}: Seen, release: ReleaseOptions): string[] => [
  ...(units === 'active\nactive\n' ? [] : [`units are ${lines(units).join(' and ')}`]),
  ...(version.trim() === release.name ? [] : [`/version answers "${version.trim()}", not ${release.name}`]),
  ...(json === releaseJson(release) ? [] : [`release.json is ${json}`]),
  ...(maintenance === '' ? [] : [`Consul has ${maintenance.trim()}`]),
];

const kept = ({active, previous}: State): readonly Activation[] =>
  [active, previous].filter(each => each !== null);

const ofDisk = ({current, slots, strays, mounts, records, mountUnits}: Seen, state: State): string[] => {
  const names = kept(state).map(({slot}) => slot);
  const stray = (what: string, found: readonly string[]) =>
    found.filter(name => !names.includes(name)).map(name => `${what} ${name} is left`);
  return [
    ...(current.join() === `slots/${state.active?.slot}` ? [] : [`current points at ${current.join()}`]),
    ...stray('slot', slots),
    ...stray('record', records),
    ...stray('mount', mounts.map(slotOf)),
    ...stray('mount unit', mountUnits),
    ...strays.map(name => `${name} is left`),
  ];
};

const slotOf = ([target = '']: readonly string[]): string => target.slice(target.lastIndexOf('/') + 1);

/** Each kept EBS slot has its one attached volume, and the active one is mounted, read-only, from its own drive. */
const ofVolumes = ({mounts, disks}: Seen, volumes: readonly string[], state: State): string[] => {
  const slots = kept(state).filter(({release}) => release.kind === 'ebs');
  const wanted = slots.map(({slot}) => `web ${slot} in-use`).toSorted();
  return [
    ...(wanted.join() === volumes.join() ? [] : [`volumes are "${volumes.join()}", not "${wanted.join()}"`]),
    ...(state.active?.release.kind === 'ebs' ? ofActiveMount(state.active, mounts, disks) : []),
  ];
};

const ofActiveMount = (
  {slot}: Activation,
  mounts: Seen['mounts'],
  disks: ReadonlyMap<string, string>,
): string[] => {
  const mount = mounts.find(each => slotOf(each) === slot);
  if (!mount) return ['the active slot is not mounted'];
  const [, source, options = ''] = mount;
  const disk = disks.get(slot) ?? source;
  return [
    ...(source === disk ? [] : [`the active slot is mounted from ${source}, its volume is ${disk}`]),
    ...(options.split(',').includes('ro') ? [] : [`the active slot is mounted ${options}`]),
  ];
};

/** Name and state of every volume that has this instance's tag, attached or not. */
const volumesOf = async (client: EC2Client, {id}: Inspected['instance']): Promise<readonly string[]> => {
  const {Volumes = []} = await client.send(
    new DescribeVolumesCommand({Filters: [{Name: 'tag:release-agent:owner', Values: [id]}]}),
  );
  return Volumes.map(
    // the name ends with the number of the attempt: a crash may have cost one
    ({Tags = [], State}) => `${Tags.find(({Key}) => Key === 'Name')?.Value?.replace(/\.\d+$/, '')} ${State}`,
  ).toSorted();
};
