/** What is wrong with a host that should be in service, as seen by systemd, Consul, EC2 and on its disk. */
import {DescribeVolumesCommand, type EC2Client} from '@aws-sdk/client-ec2';
import type {Ledger} from '../../agent/core/fleet/ledger.ts';
import type {Activation, State} from '../../agent/core/host/state.ts';
import {releaseId} from '../../agent/core/release.ts';
import {journalled} from './agents.ts';
import type {Instance} from './host.ts';
import type {Region} from './region.ts';
import {type ReleaseOptions, releaseJson} from './releases.ts';

/** A release as it was published. */
export type Published = {readonly id: string; readonly release: ReleaseOptions};

export type Host = {
  readonly region: Region;
  readonly instance: Instance;
  readonly channel: string;
  readonly client: EC2Client;
};

/** In service on one of the releases with nothing left behind: no complaint. */
export const complaintsOf = async (
  {region, instance, channel, client}: Host,
  expected: readonly Published[],
): Promise<readonly string[]> => {
  const state = await journalled(instance);
  if (state === null) return ['there is no journal'];
  const active = expected.find(({id}) => state.active && id === releaseId(state.active.release));
  if (active === undefined) return [`it is on ${JSON.stringify(state.active?.release)}`];
  const [seen, passing, ledger, volumes] = await Promise.all([
    look(instance),
    region.consul.passing('web'),
    region.consul.get(`release-agent/web/${channel}/ledger`),
    volumesOf(client, instance),
  ]);
  const {permits} = JSON.parse(ledger ?? '{"permits":[]}') as Ledger;
  return [
    ...ofState(state),
    ...ofService(seen, active.release),
    ...(passing.includes(instance.ip) ? [] : ['Consul does not show it as passing']),
    ...permits.map(({host, fence}) => `permit ${fence} of ${host} is out`),
    ...ofDisk(seen, state),
    ...ofVolumes(seen, volumes, state),
  ];
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
findmnt -rno TARGET | grep /slots/; echo --
ls ebs git/slots 2>/dev/null | grep -o '^[0-9].*[.]json' | grep -o '^[a-z0-9-]*'; echo --
systemctl list-units --all --plain --no-legend --type=mount | sed -n 's/^.*slots-\\(.*\\)[.]mount .*$/\\1/p' | sed 's/.x2d/-/g'; echo --
systemctl list-units --failed --plain --no-legend | grep -E 'release|slots' | cut -d' ' -f1
systemctl list-units --all --plain --no-legend --type=service 'release-agent-*' | cut -d' ' -f1 | grep -vx release-agent-leave.service; echo --
find /run/release-agent /tmp/systemd-private-*-release-agentd.* /var/tmp/systemd-private-*-release-agentd.* -mindepth 1 \
  ! -path '*-release-agentd.service-??????/tmp' \\
  | grep -vxE '/run/release-agent/(activated|control.sock|identity.json|journal.json)'
echo --
`;

const look = async ({exec}: Instance) => {
  const {stdout} = await exec(['sh', '-c', LOOK], {timeoutMs: 20_000});
  const [units = '', version = '', json = '', maintenance = '', ...rest] = stdout.split('--\n');
  const [current = [], slots = [], leftovers = [], mounts = [], records = [], ...more] = rest.map(lines);
  const [mountUnits = [], strangeUnits = [], temporary = []] = more;
  const strays = [...leftovers, ...strangeUnits, ...temporary];
  return {units, version, json, maintenance, current, slots, strays, mounts, records, mountUnits};
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
    ...stray(
      'mount',
      mounts.map(path => path.slice(path.lastIndexOf('/') + 1)),
    ),
    ...stray('mount unit', mountUnits),
    ...strays.map(name => `${name} is left`),
  ];
};

/** Each kept EBS slot has its one attached volume, and the active one is mounted. */
const ofVolumes = ({mounts}: Seen, volumes: readonly string[], state: State): string[] => {
  const slots = kept(state).filter(({release}) => release.kind === 'ebs');
  const isMounted = mounts.some(path => path.endsWith(`/${state.active?.slot}`));
  const wanted = slots.map(({slot}) => `web ${slot} in-use`).toSorted();
  return [
    ...(wanted.join() === volumes.join() ? [] : [`volumes are "${volumes.join()}", not "${wanted.join()}"`]),
    ...(isMounted || state.active?.release.kind !== 'ebs' ? [] : ['the active slot is not mounted']),
  ];
};

/** Name and state of every volume that has this instance's tag, attached or not. */
const volumesOf = async (client: EC2Client, {id}: Instance): Promise<readonly string[]> => {
  const {Volumes = []} = await client.send(
    new DescribeVolumesCommand({Filters: [{Name: 'tag:release-agent:owner', Values: [id]}]}),
  );
  return Volumes.map(
    // the name ends with the number of the attempt: a crash may have cost one
    ({Tags = [], State}) => `${Tags.find(({Key}) => Key === 'Name')?.Value?.replace(/\.\d+$/, '')} ${State}`,
  ).toSorted();
};
