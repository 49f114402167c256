import * as v from 'valibot';
import type {ConsulPlace} from '../../config/settings.ts';
import {type ConsulRequest, openConsul} from '../../consul/consul.ts';
import {lacksRule, NODE_RULE, serviceRule} from './rules.ts';

/** While no server leads, the agent holds its own state locked for `rpc_hold_timeout` (7 s) at each try to reach one (agent/local/state.go). */
const DEADLINE_MS = 20_000;
/** Names nothing that is there. */
const NOBODY = 'agentctl-check';
/** No write to the catalog ever has this index. */
const NEVER = 1;
/** Consul's name for the check that maintenance mode adds (agent/structs, ServiceMaintPrefix). */
const MAINTENANCE = '_service_maintenance:';

const Services = v.record(v.string(), v.object({ID: v.string(), Service: v.string()}));
const Check = v.object({
  Node: v.string(),
  CheckID: v.string(),
  Name: v.optional(v.string(), ''),
  Status: v.optional(v.string(), 'critical'),
  /** of maintenance: why */
  Notes: v.optional(v.string(), ''),
  /** empty for a check of the node */
  ServiceID: v.optional(v.string(), ''),
});
const AgentChecks = v.record(v.string(), Check);
const CatalogChecks = v.array(Check);
const Nodes = v.array(v.object({Node: v.string()}));
export type Check = v.InferOutput<typeof Check>;
/** One instance of a service that is registered here. */
export interface Instance {
  readonly id: string;
  readonly name: string;
}

export type ConsulAgent = ReturnType<typeof consulAgent>;

// INVARIANT: what the token may not see is never taken for what is not there. Consul leaves it out without a word; from 1.11 on it says
// so, but on the agent's own endpoints for whatever else is registered here as well (agent/agent_endpoint.go, AgentServices).

/**
 * The calls to the local Consul agent that maintenance mode needs. All throw an `Error` with a short text without the token: what
 * the network said, Consul's status and answer, or the rule that the token lacks.
 */
export const consulAgent = (place: ConsulPlace) => {
  const consul = openConsul(place, {deadlineMs: DEADLINE_MS});
  const ask = async <T extends v.GenericSchema>(asked: Asked, schema: T, signal: AbortSignal) => {
    const reply = await consul.send({method: 'GET', ...asked}, signal);
    return {filtered: reply.filtered, found: parse(asked.path, schema, reply.text)};
  };
  const registered = async (service: string, signal: AbortSignal): Promise<readonly Instance[]> => {
    const {found} = await ask({path: '/v1/agent/services'}, Services, signal);
    const all = Object.values(found).map(({ID, Service}) => ({id: ID, name: Service}));
    const named = all.filter(({name}) => name === service);
    return named.length > 0 ? named : all.filter(({id}) => id === service);
  };
  const localChecks = async (signal: AbortSignal): Promise<readonly Check[]> =>
    Object.values((await ask({path: '/v1/agent/checks'}, AgentChecks, signal)).found);
  const nodes = (query: Asked['query'], signal: AbortSignal) =>
    ask({path: '/v1/catalog/nodes', ...(query && {query})}, Nodes, signal);
  // a catalog always has the nodes of its servers
  const seesNodes = async (what: string, signal: AbortSignal): Promise<void> => {
    if ((await nodes(undefined, signal)).found.length === 0)
      throw lacksRule(`see ${what} in the catalog`, NODE_RULE);
  };
  return {
    /**
     * The instances of a service of this name that are registered here, else the one of this id. None is only given when the token
     * would see them.
     */
    instances: async (service: string, signal: AbortSignal): Promise<readonly Instance[]> => {
      const found = await registered(service, signal);
      if (found.length > 0) return found;
      const path = `/v1/agent/health/service/name/${encodeURIComponent(service)}`;
      const {status, text} = await consul.send({method: 'GET', path, accept: HEALTH}, signal);
      if (status === 403) throw lacksRule('see the service', serviceRule(service), text);
      return status === 404 ? [] : registered(service, signal);
    },
    /** Switches the maintenance mode of one instance; doing it twice is doing it once. */
    maintenance: async ({id, enable, note, service}: Maintenance, signal: AbortSignal): Promise<void> => {
      const path = `/v1/agent/service/maintenance/${encodeURIComponent(id)}`;
      const query = {enable: `${enable}`, reason: note};
      const asked = {method: 'PUT', path, query, repeatable: true, accept: [403]} as const;
      const {status, text} = await consul.send(asked, signal);
      if (status === 403) throw lacksRule('change its maintenance', serviceRule(service), text);
    },
    /** The checks that put instances of these ids into maintenance here. */
    maintenanceOf: async (ids: readonly string[], signal: AbortSignal): Promise<readonly Check[]> =>
      (await localChecks(signal)).filter(each => isMaintenance(each) && ids.includes(serviceIdOf(each))),
    /** Every check here of instances of these ids, and of the node itself. */
    checksOf: async (ids: readonly string[], signal: AbortSignal): Promise<readonly Check[]> =>
      (await localChecks(signal)).filter(each => each.ServiceID === '' || ids.includes(each.ServiceID)),
    /** Those of the checks that the catalog at the servers shows for the service, as it shows them; ask `seesNode` before none is taken for gone. */
    catalogued: async (service: string, checks: readonly Check[], signal: AbortSignal) => {
      const path = `/v1/health/checks/${encodeURIComponent(service)}`;
      const {found} = await ask({path}, CatalogChecks, signal);
      return checks.flatMap(
        each => found.find(it => it.Node === each.Node && it.CheckID === each.CheckID) ?? [],
      );
    },
    /** True when the catalog shows the node to the token. False: it has none of this name (yet). Throws when the token may not see it. */
    seesNode: async (node: string, signal: AbortSignal): Promise<boolean> => {
      const {found, filtered} = await nodes({filter: `Node == ${JSON.stringify(node)}`}, signal);
      if (found.length > 0) return true;
      if (filtered) throw lacksRule(`see ${node} in the catalog`, NODE_RULE);
      await seesNodes(node, signal);
      return false;
    },
    /** Throws when the token may see no node in the catalog at all. */
    seesNodes: (signal: AbortSignal): Promise<void> => seesNodes('hosts', signal),
    /** Throws when the token may not change the maintenance of the service. Tried by a write to the catalog that can never hold. */
    mayChange: async (service: string, signal: AbortSignal): Promise<void> => {
      const write = {Node: NOBODY, Service: {ID: NOBODY, Service: service, ModifyIndex: NEVER}};
      const body = JSON.stringify([{Service: {Verb: 'cas', ...write}}]);
      const {text} = await consul.send(
        {method: 'PUT', path: '/v1/txn', body, accept: [400, 403, 409]},
        signal,
      );
      if (/permission denied|ACL not found/i.test(text))
        throw lacksRule('change its maintenance', serviceRule(service), text);
    },
    name: consul.name,
    close: consul.close,
  };
};

type Asked = Pick<ConsulRequest, 'path' | 'query'>;

interface Maintenance {
  readonly id: string;
  readonly service: string;
  readonly enable: boolean;
  readonly note: string;
}

/** Health of a service at the agent: passing is 200, warning 429, critical 503, unknown 404. */
const HEALTH = [403, 404, 429, 503];

export const isMaintenance = ({CheckID}: Check): boolean => CheckID.startsWith(MAINTENANCE);

/** The id of the service whose maintenance it is. */
export const serviceIdOf = ({CheckID}: Check): string => CheckID.slice(MAINTENANCE.length);

const parse = <T extends v.GenericSchema>(path: string, schema: T, text: string): v.InferOutput<T> => {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`Consul's answer to ${path} is not as expected: ${what}`, {cause: error});
  }
};
