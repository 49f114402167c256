import type {HostStatus} from '../host/status.ts';

/**
 * The order in which hosts get their permits: those that do not serve first, then one stable order that does not
 * follow zones or launch times, so that every part of a fleet is a part of every larger part.
 */
export const inOrder = (hosts: readonly HostStatus[]): readonly HostStatus[] =>
  hosts.toSorted(
    (a, b) =>
      Number(a.serving) - Number(b.serving) ||
      place(a.instance) - place(b.instance) ||
      (a.instance < b.instance ? -1 : 1),
  );

// FNV-1a, 32 bits: well spread and the same on every host.
const place = (text: string): number => {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
};
