/** What a virtual machine that runs the agent looks like from outside, and what is wrong with it when it should be in service. */
import type {Activation, State} from '../../agent/core/host/state.ts';
import {releaseId} from '../../agent/core/release.ts';
import type {Vm} from './vm.ts';
import type {VmInstance} from './vm-instance.ts';
import type {VmLab} from './vm-lab.ts';

/** A release as it was published: its snapshot, and what its /version answers. */
export interface Published {
  readonly id: string;
  readonly name: string;
}

const STATE_DIR = '/var/lib/release-agent';

/** The journalled state, null before there is one. For a moment of each write there is only the one before. */
export const journalOf = async (vm: Vm): Promise<State | null> => {
  const script = `cd ${STATE_DIR} && cat journal.json || cat journal.before.json`;
  const {stdout} = await vm.exec(['sh', '-c', script]);
  return stdout.endsWith('\n') ? (JSON.parse(stdout) as {state: State}).state : null;
};

/** What the application answers for its version, empty when it does not. */
export const versionOf = async (vm: Vm): Promise<string> =>
  (await vm.exec(['curl', '-sf', '-m', '5', 'http://127.0.0.1:8080/version'])).stdout;

/** In service on the release with nothing left behind: no complaint. */
export const complaintsOf = async (
  {ec2, consul}: VmLab,
  {vm, ip, id}: VmInstance,
  {id: snapshot, name}: Published,
): Promise<readonly string[]> => {
  const state = await journalOf(vm);
  if (state?.phase !== 'serving') return [`it is ${state?.phase}`];
  const active = state.active === null ? 'nothing' : releaseId(state.active.release);
  if (active !== snapshot) return [`its active release is ${active}`];
  const seen = await look(vm);
  const version = await versionOf(vm);
  const passing = await consul.passing('web');
  return [
    ...(state.out || state.permit !== null ? ['it is out, or holds a permit'] : []),
    ...(version === name ? [] : [`/version answers "${version}"`]),
    ...(seen.units.join() === 'active,active' ? [] : [`units are ${seen.units.join(' and ')}`]),
    ...seen.maintenance.map(check => `Consul has ${check}`),
    ...(passing.includes(ip) ? [] : ['Consul does not show it as passing']),
    ...ofSlots(seen, state),
    ...ofVolumes(
      seen,
      ec2.volumes().map(each => `${each.id} ${each.state} ${each.attachment?.instanceId === id}`),
      state,
    ),
  ];
};

const LOOK = `
cd ${STATE_DIR}
systemctl is-active release-agentd web; echo --
curl -sf -m 5 http://127.0.0.1:8500/v1/agent/checks | grep -o '_service_maintenance:[a-z]*'; echo --
readlink -f /release; echo --
ls slots; echo --
find . -name '*.new*'; echo --
findmnt -rno TARGET,SOURCE,FS-OPTIONS,OPTIONS | grep /slots/; echo --
grep -H . /sys/block/nvme*n1/device/serial; echo --
cat ebs/*.slot.json; echo --
`;

/** Each part is the lines of one command of LOOK. */
const look = async (vm: Vm) => {
  const {stdout} = await vm.exec(['sh', '-c', LOOK]);
  const parts = stdout.split('--\n').map(part => part.split('\n').filter(Boolean));
  const [units = [], maintenance = [], release = [], slots = [], leftovers = [], ...rest] = parts;
  const [mounts = [], serials = [], records = []] = rest;
  return {
    ...{units, maintenance, release, slots, leftovers},
    mounts: mounts.map(line => line.split(' ')),
    /** serial number → disk */
    disks: new Map(serials.map(line => [line.split(':')[1]?.trim(), /nvme\d+n1/.exec(line)?.[0]])),
    /** slot → volume id */
    volumes: new Map(
      records.map(line => {
        const {slot, volume} = JSON.parse(line) as {slot: string; volume: string};
        return [slot, volume];
      }),
    ),
  };
};

type Seen = Awaited<ReturnType<typeof look>>;

const kept = ({active, previous}: State): readonly Activation[] =>
  [active, previous].filter(each => each !== null);

const ofSlots = ({release, slots, leftovers, mounts}: Seen, state: State): string[] => {
  const names = kept(state).map(({slot}) => `${STATE_DIR}/slots/${slot}`);
  const strays = [
    ...slots.map(name => `${STATE_DIR}/slots/${name}`),
    ...mounts.map(([target = '']) => target),
  ];
  return [
    ...(release.join() === names[0] ? [] : [`/release leads to ${release.join()}, not ${names[0]}`]),
    ...strays.filter(path => !names.includes(path)).map(path => `${path} is left`),
    ...leftovers.map(path => `${path} is left`),
  ];
};

/** Each kept slot has its one attached volume; the active one is mounted, read-only, from the drive with its serial number. */
const ofVolumes = ({mounts, disks, volumes}: Seen, attached: readonly string[], state: State): string[] => {
  const ids = kept(state).map(({slot}) => volumes.get(slot) ?? `none for ${slot}`);
  const wanted = ids.map(id => `${id} in-use true`).toSorted();
  const active = state.active?.slot ?? '';
  const [, source, options = ''] = mounts.find(([target]) => target?.endsWith(`/${active}`)) ?? [];
  const disk = `/dev/${disks.get(volumes.get(active)?.replace('-', ''))}`;
  return [
    ...(attached.toSorted().join() === wanted.join()
      ? []
      : [`volumes are "${attached.join()}", not "${wanted.join()}"`]),
    ...(source === disk ? [] : [`the active slot is mounted from ${source}, its volume is ${disk}`]),
    ...(options.split(',').includes('ro') ? [] : [`the active slot is mounted ${options}`]),
  ];
};
