import type {World, WorldEvent} from '../fleet/world.ts';

/** Told that something is not as was promised, in one line. */
export type Fail = (text: string) => void;

/** One promise, kept under watch: gets every event of a run, after it came true. */
export type Invariant = (world: World, fail: Fail) => (event: WorldEvent) => void;

/** What was true before this moment every coordinator knows. While the servers are not up nobody learns anything. */
export const knownBefore = ({timeline, server}: World): number => {
  let moment = timeline.now() - STALE_MS;
  for (const {from, to} of server.outages.toReversed())
    if (to === null || to > moment) moment = Math.min(moment, from - STALE_MS);
  return moment;
};

/** So long ago a coordinator may have seen what it goes by, ms: a look that came late, messages that were lost and sent again, EC2 that does not answer. */
export const STALE_MS = 75_000;

/** True for some time after the store was restored: until its hosts have told it again what it forgot. */
export const isRestored = ({server, timeline}: World): (() => boolean) => {
  let at = Number.NEGATIVE_INFINITY;
  server.onRestore(() => {
    at = timeline.now();
  });
  return () => timeline.now() - at < RESTORED_MS;
};

const RESTORED_MS = 60_000;
