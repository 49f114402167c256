import {type Desired, readDesired} from '../../../agent/core/desired.ts';
import {DEFAULT_POLICY, type Policy, readPolicy} from '../../../agent/core/policy/policy.ts';
import type {World} from '../fleet/world.ts';
import {knownBefore} from './invariant.ts';

/** The values of a key that a coordinator may go by now: the one of now, and those that were replaced not long ago. */
export const recentOf = <T>(
  world: World,
  key: string,
  read: (value: string | null) => T,
): (() => readonly T[]) => {
  const {server, timeline} = world;
  let past: readonly {readonly value: T; readonly until: number}[] = [];
  let now = read(null);
  const turn = (value: string | null): void => {
    past = [...past, {value: now, until: timeline.now()}].filter(isRecent);
    now = read(value);
  };
  const isRecent = ({until}: {readonly until: number}): boolean => until >= knownBefore(world);
  server.onWrite(write => {
    if (write.key === key) turn(write.value);
  });
  server.onDelete(deleted => {
    if (deleted === key) turn(null);
  });
  server.onRestore(() => turn(server.get(key)?.value ?? null));
  return () => [now, ...past.filter(isRecent).map(({value}) => value)];
};

export const policiesOf = (world: World): (() => readonly Policy[]) =>
  recentOf(world, world.keys.policy, value => {
    const reading = value === null ? null : readPolicy(value);
    return reading?.ok ? reading.policy : DEFAULT_POLICY;
  });

/** The hosts that operators do not wait for. */
export const forcedOf = (world: World): (() => ReadonlySet<string>) => {
  const desired = recentOf(world, world.keys.desired, (value): Desired | null => {
    const reading = value === null ? null : readDesired(value, '');
    return reading?.ok ? reading.desired : null;
  });
  return () => new Set(desired().flatMap(each => each?.force ?? []));
};
