import {performance} from 'node:perf_hooks';
import {setTimeout as sleep} from 'node:timers/promises';
import {type ConsulAgent, type Instance, serviceIdOf} from './agent.ts';

interface Ended {
  /** of our maintenance */
  readonly note: string;
  /** of the service's instances here */
  readonly ids: readonly string[];
  readonly agent: ConsulAgent;
}

interface Left {
  readonly instances: readonly Instance[];
  readonly agent: ConsulAgent;
}

const CONFIRM_MS = 5_000;
const EVERY_MS = 50;

/** Waits until the catalog shows the maintenance. Throws when it does not in time, and at once when the token could not see it there. */
export const confirmLeft = async ({instances, agent}: Left, signal: AbortSignal): Promise<void> => {
  const ids = instances.map(({id}) => id);
  const service = instances[0]?.name ?? '';
  let seen = false;
  const left = async (): Promise<boolean> => {
    const local = await agent.maintenanceOf(ids, signal);
    const shown = (await agent.catalogued(service, local, signal)).map(serviceIdOf);
    if (ids.every(id => shown.includes(id))) return true;
    if (!seen && local[0]) seen = await agent.seesNode(local[0].Node, signal);
    return false;
  };
  await until(left, 'the catalog does not show the maintenance', signal);
};

/** Waits until the local agent shows no maintenance of ours of these any more: it needs no servers for that. */
export const confirmEnded = ({ids, agent, note}: Ended, signal: AbortSignal): Promise<void> =>
  until(
    async () => (await agent.maintenanceOf(ids, signal)).every(({Notes}) => Notes !== note),
    'the local agent still shows the maintenance',
    signal,
  );

const until = async (holds: () => Promise<boolean>, failure: string, signal: AbortSignal): Promise<void> => {
  const deadline = performance.now() + CONFIRM_MS;
  while (!(await holds())) {
    if (performance.now() >= deadline) throw new Error(`${failure} after ${CONFIRM_MS / 1000} s`);
    await sleep(EVERY_MS, undefined, {signal});
  }
};
