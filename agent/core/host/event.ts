import type {DesiredReading} from '../desired.ts';
import type {Reason} from '../reason.ts';
import type {Release} from '../release.ts';
import type {Phase} from './state.ts';

/** What the store and the image say at boot. */
export interface BootView {
  readonly reachable: boolean;
  readonly proven: Release | null;
  readonly denied: readonly Release[];
  readonly desired: DesiredReading | null;
  /** the release baked into the image for a boot without a store */
  readonly seed: Release | null;
  /** the machine is still being set up: what leads to the store may not be there yet */
  readonly settingUp: boolean;
  /** why nothing could be read, when nothing could */
  readonly cause: Reason | null;
}

/** The moment of an event: time (ms since the epoch) and one random number in [0, 1) travel with it. */
export interface Stamp {
  readonly now: number;
  readonly random: number;
}

/**
 * A host's turn among those who are told the same at once. `place`: 0 to 2^32 - 1 in the order of the fleet; `hosts`: how many the
 * fleet has, 0 when it is small.
 */
export interface Turn {
  readonly place: number;
  readonly hosts: number;
}

interface OfGeneration {
  readonly generation: number;
}

/** Results of effects: each carries the generation of its effect. */
export type Result =
  | ({readonly type: 'boot.seen'; readonly view: BootView} & OfGeneration)
  | ({readonly type: 'release.staged'} & OfGeneration)
  | ({readonly type: 'release.stage-failed'; readonly cause: Reason} & OfGeneration)
  | ({readonly type: 'traffic.left'} & OfGeneration)
  | ({readonly type: 'traffic.leave-failed'; readonly cause: Reason} & OfGeneration)
  | ({readonly type: 'drain.ended'; readonly cut: readonly string[]} & OfGeneration)
  | ({readonly type: 'release.activated'} & OfGeneration)
  | ({readonly type: 'release.activate-failed'; readonly cause: Reason} & OfGeneration)
  | ({readonly type: 'gate.passed'} & OfGeneration)
  | ({readonly type: 'gate.failed'; readonly cause: Reason} & OfGeneration)
  | ({readonly type: 'traffic.rejoined'} & OfGeneration)
  | ({readonly type: 'traffic.rejoin-failed'; readonly cause: Reason} & OfGeneration)
  | ({readonly type: 'bake.passed'} & OfGeneration)
  | ({readonly type: 'bake.failed'; readonly cause: Reason} & OfGeneration)
  | ({
      readonly type: 'permit.granted';
      readonly fence: number;
      readonly version: string;
      /** the fleet goes back to a release that was proven before */
      readonly quick?: boolean;
    } & OfGeneration)
  | ({readonly type: 'permit.blocked'; readonly cause: Reason} & OfGeneration)
  | ({readonly type: 'timer.fired'; readonly timer: Timer; readonly phase: Phase} & OfGeneration);

/** What comes from outside, at any time. */
export type Arrival =
  | {readonly type: 'desired.read'; readonly reading: DesiredReading; readonly turn?: Turn}
  /** the fleet takes this desired version back, and goes to another release */
  | {
      readonly type: 'rollout.reverted';
      readonly version: string;
      readonly release: Release;
      readonly to: Release;
      readonly cause: Reason;
    }
  | {readonly type: 'operator.held'; readonly by: string; readonly note: string}
  | {readonly type: 'operator.resumed'; readonly by: string}
  | {readonly type: 'operator.retried'; readonly by: string}
  | {readonly type: 'operator.rolled-back'; readonly by: string};

/** `deadline` bounds a phase; `retry` ends a pause between two tries. */
export type Timer = 'deadline' | 'retry';

export type Event = Stamp & (Result | Arrival);
export type EventType = Event['type'];
