import type {Event} from './event.ts';
import type {State} from './state.ts';
import {returnPermit} from './transition.ts';
import {isServing} from './why.ts';

/**
 * What becomes of an event whose next state cannot be journalled. `go`: on without, as a host must not stay where it is.
 * `refuse`: it shall have no effect, now or later. `wait`: the same event again once the journal can be written.
 * A state instead: that one, which need not be durable.
 */
export const unjournalled = (state: State, event: Event): 'go' | 'refuse' | 'wait' | State => {
  if (event.type.startsWith('operator.')) return 'refuse';
  if (event.type === 'permit.granted' && isServing(state)) return returnPermit(state, event);
  // One that bakes is in traffic, but a release that fails there has to be taken back.
  return isServing(state) && state.phase !== 'baking' ? 'wait' : 'go';
};
