import type {Invariant} from './invariant.ts';
import {recentOf} from './past.ts';

/** Nobody gets a permit while the fleet is frozen, once its coordinator can know. */
export const frozen: Invariant = (world, fail) => {
  const freezes = recentOf(world, world.keys.freeze, value => value !== null);
  return event => {
    if (event.type !== 'ledger' || !freezes().every(Boolean)) return;
    for (const {host} of event.granted) fail(`${host} may leave while the fleet is frozen`);
  };
};
