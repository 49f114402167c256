import type {ConsulPlace} from '../config/settings.ts';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {ignoreBlockers, tellWhileWaiting} from '../host/blocker.ts';
import {createExclusive} from '../host/exclusive.ts';
import {withTimeLimit} from '../host/time-limit.ts';
import type {Log, ReportBlocker, Traffic} from '../ports.ts';
import {consulAgent, serviceIdOf} from './consul/agent.ts';
import {confirmEnded, confirmLeft} from './consul/confirm.ts';
import {consulReturn} from './consul/return.ts';

/** The place is that of the local agent. */
export interface ConsulTrafficOptions extends ConsulPlace {
  /** name of the service, or the id of its instance here */
  readonly service: string;
  readonly log: Log;
  /** whether the application runs: one that does is registered, or nobody knows whether it gets traffic */
  readonly isRunning: (signal: AbortSignal) => Promise<boolean>;
  /** told while the local agent keeps a call waiting */
  readonly reportBlocker?: ReportBlocker;
}

const NOTE = 'release-agent: out of traffic for an update';
const TOLD_EVERY_MS = 3_000;
/** One change at the local agent, when it cannot be given up. */
const CHANGE_MS = 5_000;
const UNENDED = new AbortController().signal;
const HINT = 'the local agent holds its state while it looks for its servers';

/**
 * Leaves traffic by Consul's maintenance mode of every instance of a service that is registered with the local agent, and
 * waits until the catalog shows it, which load balancers read. Rejoining asks the local agent only: it works without servers;
 * `hiddenBy` tells when the catalog has it, with the service's own checks.
 * A maintenance that somebody else began is theirs: it is neither ended nor taken for ours. A service that is not registered while the
 * application runs cannot be taken out: leaving fails. Throws `traffic.failed`.
 */
export const consulTraffic = ({
  service,
  log,
  isRunning,
  reportBlocker = ignoreBlockers,
  ...place
}: ConsulTrafficOptions): Traffic => {
  const agent = consulAgent(place);
  const back = consulReturn({agent, service, note: NOTE});
  const inTurn = createExclusive();
  const leave = async (signal: AbortSignal): Promise<void> => {
    const instances = await agent.instances(service, signal);
    if (instances.length === 0 && (await isRunning(signal)))
      throw new Error(`no service of the name or id ${service} is registered with the local agent`);
    if (instances.length === 0)
      return log.warning('the service is not registered, and the application does not run', {service});
    for (const {id, name} of instances)
      await agent.maintenance({id, service: name, enable: true, note: NOTE}, signal);
    await confirmLeft({instances, agent}, signal);
  };
  const rejoin = async (signal: AbortSignal): Promise<void> => {
    const instances = await agent.instances(service, signal);
    const checks = await agent.maintenanceOf(
      instances.map(({id}) => id),
      signal,
    );
    const ours = checks.filter(({Notes}) => Notes === NOTE);
    back.begin(ours);
    const ids = ours.map(serviceIdOf);
    for (const {id, name} of instances)
      if (ids.includes(id)) await agent.maintenance({id, service: name, enable: false, note: NOTE}, signal);
    await confirmEnded({ids, agent, note: NOTE}, signal);
  };
  // Asks the local agent only, and nothing more while all that is registered is out.
  const keepOut = async (signal: AbortSignal): Promise<void> => {
    const instances = await agent.instances(service, signal);
    const checks = await agent.maintenanceOf(
      instances.map(({id}) => id),
      signal,
    );
    const out = checks.map(serviceIdOf);
    for (const {id, name} of instances) {
      if (out.includes(id)) continue;
      signal.throwIfAborted();
      const change = {id, service: name, enable: true, note: NOTE};
      await withTimeLimit({timeoutMs: CHANGE_MS}, until => agent.maintenance(change, until), UNENDED);
    }
  };
  const patiently = (action: Action, work: () => Promise<void>, signal: AbortSignal): Promise<void> => {
    const cause = (seconds: number) =>
      reason('traffic.slow', {adapter: 'consul', action, seconds, hint: HINT});
    const waiting = {user: `consul ${action}`, reportBlocker, cause, everyMs: TOLD_EVERY_MS};
    return tellWhileWaiting(waiting, () => orFailed(action, work, signal), signal);
  };
  return {
    leave: signal => inTurn(() => patiently('leave', () => leave(signal), signal), signal),
    rejoin: signal => inTurn(() => patiently('rejoin', () => rejoin(signal), signal), signal),
    keepOut: signal => inTurn(() => orFailed('leave', () => keepOut(signal), signal), signal),
    hiddenBy: signal => inTurn(() => orFailed('rejoin', () => back.hiddenBy(signal), signal), signal),
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
