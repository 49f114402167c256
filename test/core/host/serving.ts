/** Where the lives of a host begin and end: it serves. */
import type {Test} from 'tap';
import {releaseId} from '../../../agent/core/release.ts';
import {checkQuiet} from './invariants.ts';
import {createWorld, servedBy, settleWorld, snap, type World} from './world.ts';

/** A host that serves release 1 under version 1. */
export const servingOne = (over: Partial<World> = {}): World => {
  const world = createWorld({asked: {release: snap(1), version: '1'}, ...over});
  settleWorld(world);
  world.visited = [];
  return world;
};

/** Nothing is left to do, and the host serves this release. */
export const end = (t: Test, world: World, release: number): void => {
  checkQuiet(world);
  t.equal(servedBy(world), releaseId(snap(release)));
};
