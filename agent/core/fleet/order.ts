import type {HostStatus} from '../host/status.ts';

/**
 * The order in which hosts get their permits: those that do not serve first, then the canaries, then one stable order that does not
 * follow zones or launch times, so that every part of a fleet is a part of every larger part. Where two hosts have the same place
 * they stay as they are given.
 */
export const inOrder = (hosts: readonly HostStatus[]): readonly HostStatus[] => {
  const groups: readonly HostStatus[][] = [[], [], []];
  for (const host of hosts) groups[host.serving ? (host.canary ? 1 : 2) : 0]?.push(host);
  return groups.flatMap(byPlace);
};

const byPlace = (hosts: readonly HostStatus[]): readonly HostStatus[] => {
  // Numbers are sorted by the engine itself: with the shipped options a comparison of ours takes many times as long.
  const keys = new Float64Array(hosts.length);
  hosts.forEach(({instance}, index) => {
    keys[index] = placeOf(instance) * INDEXES + index;
  });
  keys.sort();
  return hosts.map((host, turn) => hosts[(keys[turn] ?? 0) % INDEXES] ?? host);
};

// 32 bits of place and 20 bits of index: a number holds 53 exactly
const INDEXES = 2 ** 20;

/** A host's place in the stable order, from 0 to 2^32 - 1. FNV-1a: well spread and the same on every host. */
export const placeOf = (instance: string): number => {
  let hash = OFFSET; // kept signed: a number from 2^31 on is an object of its own to the engine
  for (let n = 0; n < instance.length; n += 1) hash = Math.imul(hash ^ instance.charCodeAt(n), PRIME);
  return hash >>> 0;
};

const OFFSET = 0x811c9dc5 | 0;
const PRIME = 0x01000193;
