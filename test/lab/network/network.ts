import type {Resources} from '../resources.ts';
import {must} from '../run.ts';

/** Fixed addresses of a region's services; every region has a network of its own, so all use the same. */
export const ADDRESSES = {
  consul: '10.77.0.1',
  ec2: '10.77.0.2',
  balancer: '10.77.0.3',
  git: '10.77.0.4',
} as const;
export const IMDS_ADDRESS = '169.254.169.254';

/** For Consul's `gossip_lan`: a dead node is found in a second or two instead of ten. */
export const GOSSIP = {
  probe_interval: '300ms',
  probe_timeout: '150ms',
  gossip_interval: '50ms',
  suspicion_mult: 2,
};

export type Network = {
  /** The namespace of the bridge and of the region's services. */
  readonly wire: string;
  /** Connects one more instance; `ip` is 10.77.0.(10 + index). */
  readonly connect: (index: number) => Promise<Link>;
};

export type Link = {
  readonly namespace: string;
  readonly ip: string;
  /** Pulls and plugs the cable. The instance keeps its addresses and its IMDS. */
  readonly down: () => Promise<void>;
  readonly up: () => Promise<void>;
  /** Loses every packet from the instance to one address, without a word, until `find`. */
  readonly lose: (address: string) => Promise<void>;
  readonly find: (address: string) => Promise<void>;
  readonly remove: () => Promise<void>;
};

/** argv that runs what follows in a network namespace. */
export const within = (namespace: string): string[] => ['nsenter', `--net=/run/netns/${namespace}`, '--'];

/** Makes the region's network: a bridge in a namespace of its own that reaches nothing else. */
export const createNetwork = async (name: string, resources: Resources): Promise<Network> => {
  const wire = `lab-${name}-wire`;
  await addNamespace(wire, resources);
  await must(['ip', '-n', wire, 'link', 'add', 'br0', 'type', 'bridge']);
  for (const address of Object.values(ADDRESSES))
    await must(['ip', '-n', wire, 'addr', 'add', `${address}/24`, 'dev', 'br0']);
  await must(['ip', '-n', wire, 'link', 'set', 'br0', 'up']);
  return {wire, connect: index => connect({wire, namespace: `lab-${name}-i${index}`, index, resources})};
};

const addNamespace = async (name: string, resources: Resources): Promise<void> => {
  await must(['ip', 'netns', 'add', name]);
  resources.add({kind: 'netns', name});
  await must(['ip', '-n', name, 'link', 'set', 'lo', 'up']);
};

type Connect = {wire: string; namespace: string; index: number; resources: Resources};

const connect = async ({wire, namespace, index, resources}: Connect): Promise<Link> => {
  const [ip, port] = [`10.77.0.${10 + index}`, `i${index}`];
  await addNamespace(namespace, resources);
  await must([
    'ip',
    'link',
    'add',
    port,
    'netns',
    wire,
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    namespace,
  ]);
  await must(['ip', '-n', wire, 'link', 'set', port, 'master', 'br0', 'up']);
  await must(['ip', '-n', namespace, 'addr', 'add', `${ip}/24`, 'dev', 'eth0']);
  await must(['ip', '-n', namespace, 'link', 'set', 'eth0', 'up']);
  await must(['ip', '-n', namespace, 'addr', 'add', `${IMDS_ADDRESS}/32`, 'dev', 'lo']);
  const neighbour = (...rest: string[]) => must(['ip', '-n', namespace, 'neigh', ...rest]);
  return {
    namespace,
    ip,
    down: async () => void (await must(['ip', '-n', wire, 'link', 'set', port, 'down'])),
    up: async () => void (await must(['ip', '-n', wire, 'link', 'set', port, 'up'])),
    lose: async to =>
      void (await neighbour('replace', to, 'lladdr', '02:00:00:00:00:01', 'nud', 'permanent', 'dev', 'eth0')),
    find: async to => void (await neighbour('del', to, 'dev', 'eth0')),
    remove: async () => {
      await must(['ip', 'netns', 'delete', namespace]);
      resources.drop(each => each.kind === 'netns' && each.name === namespace);
    },
  };
};
