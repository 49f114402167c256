import type {State} from '../../core/host/state.ts';
import {keepLeaveUnit, systemState} from '../../host/systemd/leave-unit.ts';
import type {Agent} from '../loop/agent.ts';
import type {DaemonParts, OpenHost} from '../open-host.ts';
import type {Task} from '../tasks.ts';
import {createDeparture, prepareDeparture} from './leave.ts';

interface Parts {
  readonly parts: DaemonParts;
  readonly host: OpenHost;
  readonly state: () => State;
  readonly halt: () => Promise<State>;
  readonly changed: () => void;
}

/** What the agent does about a shutdown of the host: asked by a unit that systemd stops first, when systemd is what runs the application. */
export const createLeaving = ({parts, host, state, halt, changed}: Parts) => {
  const {settings, log} = parts;
  const {traffic, drain} = host.adapters;
  const {kind, units} = settings.activate;
  const drainMs = settings.traffic.drain.timeoutMs;
  const write = (next: State): Promise<unknown> => host.journal.write(next);
  const departure = createDeparture({systemState, halt, write, traffic, drain, drainMs, changed, log});
  const keep = (until: AbortSignal) => keepLeaveUnit({units, drainMs}, until);
  const prepare: Task = until => prepareDeparture({state, keep, log}, until);
  const {leave, cause, watch} = departure;
  return {
    leave,
    cause,
    /** A host that ends takes no wishes. */
    wishes:
      (wish: Agent['wish']): Agent['wish'] =>
      async happening =>
        cause() ?? wish(happening),
    tasks: {departure: watch, ...(kind === 'systemd' && {prepare})},
  };
};
