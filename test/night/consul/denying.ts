/** A region whose Consul denies by default: each host has the rights that AMI.md prints, its Consul agent those of a node. */
import {put} from '../../lab/image/base.ts';
import {consulClient, type Instance} from '../../lab/instance/host.ts';
import type {Region} from '../../lab/region.ts';
import {tokenFor} from '../../store/consul-acl.ts';
import {hostRules, operatorRules} from '../../store/rules.ts';
import {eventually} from '../../support/eventually.ts';

// may do everything
const MANAGER = '5b7c1de4-6f0b-4f3c-9c0e-1f2d3a4b5c6d';

const ACL = {enabled: true, default_policy: 'deny'};

/**
 * For a Consul server's configuration. Who asks the server itself and shows no token is the manager: the test and the load
 * balancer. Hosts ask their own Consul agent, where who shows none may do nothing.
 */
export const DENYING = {acl: {...ACL, tokens: {master: MANAGER, default: MANAGER, agent: MANAGER}}};

const TOKEN = '/etc/release-agent/consul.token';
/** What the agent's configuration says of the host's token. */
export const TOKEN_CONFIG = `\n[consul]\ntoken-file = "${TOKEN}"\n`;

export interface Tokens {
  /** One for somebody who deploys, with the rights that docs/operations.md prints. */
  operator(): Promise<string>;
}

/** Gives every host that has not booted yet its two tokens: the agent's, and that of its Consul agent. */
export const giveTokens = async ({consul: {address}, instances}: Region): Promise<Tokens> => {
  const consul = {address, token: MANAGER};
  let count = 0;
  const make = (rules: string): Promise<string> => {
    count += 1;
    return tokenFor(consul, `lab-${count}`, rules);
  };
  await eventually('access control', () => isReady(address));
  for (const host of instances) {
    const {root, id} = host;
    await put(root, TOKEN, await make(hostRules(id)), 0o600);
    await put(root, '/etc/consul.d/agent.json', agentConfig(host, await make(nodeRules(id))));
  }
  return {operator: () => make(operatorRules())};
};

// For a moment after its start a server does not know the manager.
const isReady = async (address: string): Promise<boolean> => {
  const headers = {'X-Consul-Token': MANAGER};
  const signal = AbortSignal.timeout(10_000);
  return (await fetch(`${address}/v1/acl/token/self`, {headers, signal})).ok;
};

// what Consul's own pages give an agent that registers its node and one service
const nodeRules = (node: string): string => `node "${node}" {policy = "write"}
service "web" {policy = "write"}`;

const agentConfig = ({id, ip}: Instance, token: string): string => {
  const {service, ...rest} = consulClient({node: id, address: ip});
  return JSON.stringify({...rest, service: {...service, token}, acl: {...ACL, tokens: {agent: token}}});
};
