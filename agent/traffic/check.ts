import type {ConsulPlace} from '../config/settings.ts';
import {ConsulError} from '../consul/error.ts';
import {type ConsulAgent, consulAgent} from './consul/agent.ts';

interface Parts extends ConsulPlace {
  readonly service: string;
}

/** `problem`: leaving traffic would fail. `note`: it could not be tried, or there is nothing to leave yet. */
export interface TrafficFinding {
  readonly kind: 'problem' | 'note';
  readonly text: string;
}

/**
 * Tries with the local agent of Consul what leaving traffic needs, changes nothing, and gives the first thing that did not work;
 * null when it would. What a token may not see looks like what is not there: each right is asked for by itself.
 */
export const checkTraffic = async (
  {service, ...place}: Parts,
  signal: AbortSignal,
): Promise<TrafficFinding | null> => {
  const agent = consulAgent(place);
  try {
    const found = await agent.instances(service, signal);
    await agent.mayChange(service, signal);
    await seesCatalog(agent, service, signal);
    if (found.length > 0) return null;
    return {
      kind: 'note',
      text: `the service ${service} is not registered with the agent of Consul at ${agent.name} yet`,
    };
  } catch (error) {
    signal.throwIfAborted();
    const {message} = error as Error;
    if (error instanceof ConsulError && error.kind === 'unreachable')
      return {kind: 'note', text: `traffic was not checked: Consul at ${agent.name}: ${message}`};
    return {kind: 'problem', text: message};
  } finally {
    agent.close();
  }
};

/** Leaving is only believed once the catalog shows it. */
const seesCatalog = async (agent: ConsulAgent, service: string, signal: AbortSignal): Promise<void> => {
  await agent.catalogued(service, [], signal);
  await agent.seesNodes(signal);
};
