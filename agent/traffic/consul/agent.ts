import * as v from 'valibot';
import type {ConsulPlace} from '../../config/settings.ts';
import {openConsul} from '../../consul/consul.ts';

/** While no server leads, the agent holds its own state locked for `rpc_hold_timeout` (7 s) at each try to reach one (agent/local/state.go). */
const DEADLINE_MS = 20_000;
/** Consul's name for the check that maintenance mode adds (agent/structs, ServiceMaintPrefix). */
const MAINTENANCE = '_service_maintenance:';

const Services = v.record(v.string(), v.object({ID: v.string(), Service: v.string()}));
const Check = v.object({Node: v.string(), CheckID: v.string()});
const AgentChecks = v.record(v.string(), Check);
const CatalogChecks = v.array(Check);
export type Check = v.InferOutput<typeof Check>;

export type ConsulAgent = ReturnType<typeof consulAgent>;

/**
 * The calls to the local Consul agent that maintenance mode needs. All throw an `Error` with a short text without the token:
 * what the network said, or Consul's status and answer.
 */
export const consulAgent = (place: ConsulPlace) => {
  const consul = openConsul(place, {deadlineMs: DEADLINE_MS});
  const ask = async <T extends v.GenericSchema>(path: string, schema: T, signal: AbortSignal) => {
    const {filtered, text} = await consul.send({method: 'GET', path}, signal);
    // Said from Consul 1.11 on; an older one leaves out what the token may not see without a word.
    if (filtered) throw new Error(`${path}: the token may not see all`);
    return parse(path, schema, text);
  };
  const localMaintenance = async (signal: AbortSignal) =>
    Object.values(await ask('/v1/agent/checks', AgentChecks, signal)).filter(isMaintenance);
  /** Those of the checks that the catalog at the servers shows for the service. */
  const catalogued = async (service: string, checks: readonly Check[], signal: AbortSignal) => {
    const shown = await ask(`/v1/health/checks/${encodeURIComponent(service)}`, CatalogChecks, signal);
    return checks.filter(each => shown.some(it => it.Node === each.Node && it.CheckID === each.CheckID));
  };
  return {
    /** Ids of the instances of a service that are registered here. */
    serviceIds: async (service: string, signal: AbortSignal): Promise<readonly string[]> =>
      Object.values(await ask('/v1/agent/services', Services, signal))
        .filter(each => each.Service === service)
        .map(each => each.ID),
    /** Switches the maintenance mode of one instance; doing it twice is doing it once. */
    maintenance: async (
      {id, enable, note}: {readonly id: string; readonly enable: boolean; readonly note: string},
      signal: AbortSignal,
    ): Promise<void> => {
      const path = `/v1/agent/service/maintenance/${encodeURIComponent(id)}`;
      const query = {enable: `${enable}`, reason: note};
      await consul.send({method: 'PUT', path, query, repeatable: true}, signal);
    },
    /** The checks that put instances of these ids into maintenance here. */
    maintenanceOf: async (ids: readonly string[], signal: AbortSignal): Promise<readonly Check[]> =>
      (await localMaintenance(signal)).filter(each => ids.includes(serviceId(each))),
    catalogued,
    /** Ids of the services that are in maintenance here. */
    inMaintenance: async (signal: AbortSignal): Promise<ReadonlySet<string>> =>
      new Set((await localMaintenance(signal)).map(serviceId)),
    /** Ids of the instances of a service that are in maintenance here, and in the catalog at the servers too. */
    inCatalog: async (service: string, signal: AbortSignal): Promise<ReadonlySet<string>> => {
      const local = await localMaintenance(signal);
      return new Set((await catalogued(service, local, signal)).map(serviceId));
    },
  };
};

const isMaintenance = ({CheckID}: Check): boolean => CheckID.startsWith(MAINTENANCE);
const serviceId = ({CheckID}: Check): string => CheckID.slice(MAINTENANCE.length);

const parse = <T extends v.GenericSchema>(path: string, schema: T, text: string): v.InferOutput<T> => {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`Consul's answer to ${path} is not as expected: ${what}`, {cause: error});
  }
};
