import type {ConsulPlace} from '../config/settings.ts';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {ignoreBlockers, tellWhileWaiting} from '../host/blocker.ts';
import {createExclusive} from '../host/exclusive.ts';
import type {Log, ReportBlocker, Traffic} from '../ports.ts';
import {consulAgent} from './consul/agent.ts';
import {confirmEnded, confirmLeft} from './consul/confirm.ts';
import {consulReturn} from './consul/return.ts';

/** The place is that of the local agent. */
export interface ConsulTrafficOptions extends ConsulPlace {
  /** name of the service, not its id */
  readonly service: string;
  readonly log: Log;
  /** told while the local agent keeps a call waiting */
  readonly reportBlocker?: ReportBlocker;
}

const NOTE = 'release-agent: out of traffic for an update';
const TOLD_EVERY_MS = 3_000;
const HINT = 'the local agent holds its state while it looks for its servers';

/**
 * Leaves traffic by Consul's maintenance mode of every instance of a service that is registered with the local agent, and
 * waits until the catalog shows it, which load balancers read. Rejoining asks the local agent only: it works without servers;
 * `visible` tells when the catalog has it.
 * A service that is not registered gets no traffic through Consul: nothing to do, with a warning. Throws `traffic.failed`.
 */
export const consulTraffic = ({
  service,
  log,
  reportBlocker = ignoreBlockers,
  ...place
}: ConsulTrafficOptions): Traffic => {
  const agent = consulAgent(place);
  const back = consulReturn({agent, service, note: NOTE});
  const inTurn = createExclusive();
  const each = async (enable: boolean, signal: AbortSignal): Promise<void> => {
    const ids = await agent.serviceIds(service, signal);
    if (ids.length === 0) log.warning('the service is not registered with the local Consul agent', {service});
    if (!enable) back.begin(await agent.maintenanceOf(ids, signal));
    for (const id of ids) await agent.maintenance({id, service, enable, note: NOTE}, signal);
    await (enable ? confirmLeft({ids, service, agent}, signal) : confirmEnded({ids, agent}, signal));
  };
  const patiently = (action: Action, work: () => Promise<void>, signal: AbortSignal): Promise<void> => {
    const cause = (seconds: number) =>
      reason('traffic.slow', {adapter: 'consul', action, seconds, hint: HINT});
    const waiting = {user: `consul ${action}`, reportBlocker, cause, everyMs: TOLD_EVERY_MS};
    return tellWhileWaiting(waiting, () => orFailed(action, work, signal), signal);
  };
  return {
    leave: signal => inTurn(() => patiently('leave', () => each(true, signal), signal), signal),
    rejoin: signal => inTurn(() => patiently('rejoin', () => each(false, signal), signal), signal),
    visible: signal => inTurn(() => orFailed('rejoin', () => back.isVisible(signal), signal), signal),
  };
};

type Action = 'leave' | 'rejoin';

const orFailed = async <T>(action: Action, work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    const cause = (error as Error).message;
    throw new ReasonError(reason('traffic.failed', {adapter: 'consul', action, cause}), {cause: error});
  }
};
