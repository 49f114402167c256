import type {Settings} from '../../config/settings.ts';
import type {State} from '../../core/host/state.ts';
import {keepLeaveUnit, systemState} from '../../host/systemd/leave-unit.ts';
import type {Journal} from '../../journal/journal.ts';
import type {Log} from '../../ports.ts';
import {drainMsOf} from '../../traffic/drain/settle.ts';
import type {Adapters} from '../effects/stages.ts';
import type {Agent} from '../loop/agent.ts';
import type {Task} from '../tasks.ts';
import {afterApplication, endsApplication, type Stop} from './end-application.ts';
import {createShutdownLeave, prepareShutdown} from './leave-traffic.ts';

interface Parts {
  readonly settings: Settings;
  readonly adapters: Pick<Adapters, 'traffic' | 'drain' | 'activator'>;
  readonly journal: Journal;
  readonly log: Log;
  readonly state: () => State;
  readonly halt: () => Promise<State>;
  readonly changed: () => void;
}

/** What the agent does about a shutdown of the host: asked by a unit that systemd stops first, when systemd is what runs the application. */
export const createShutdown = ({settings, adapters, journal, state, halt, changed, log}: Parts) => {
  const {traffic, drain, activator} = adapters;
  const {kind, units} = settings.activate;
  const drainMs = drainMsOf(settings.traffic);
  const write = (next: State): Promise<unknown> => journal.write(next);
  const shutdown = createShutdownLeave({systemState, halt, write, traffic, drain, drainMs, changed, log});
  const keep = (until: AbortSignal) => keepLeaveUnit({units, drainMs}, until);
  const prepare: Task = until => prepareShutdown({state, keep, log}, until);
  const {leave, cause, depart, watch} = shutdown;
  const endApplication = endsApplication(settings.activate) ? activator.end : undefined;
  return {
    leave,
    cause,
    /** A host that ends takes no requests. */
    requests:
      (request: Agent['request']): Agent['request'] =>
      async input =>
        cause() ?? request(input),
    /** See `afterApplication`. */
    stopped: (stop: Stop): AbortSignal =>
      endApplication ? afterApplication({depart, end: endApplication, log}, stop) : stop.asked,
    tasks: {shutdown: watch, ...(kind === 'systemd' && {prepare})},
  };
};
