import type {Reason} from '../reason.ts';
import type {Timer} from './event.ts';
import type {Activation, Phase} from './state.ts';

interface OfGeneration {
  readonly generation: number;
}

/**
 * What to do, as data. Effects are idempotent and leave their executor no choice: slot, deadline and target are decided.
 * The ones that give a result give exactly one event, with the same generation.
 */
export type Effect =
  | ({readonly type: 'boot.view'} & OfGeneration)
  | ({readonly type: 'release.stage'; readonly target: Activation} & OfGeneration)
  | ({readonly type: 'permit.ask'; readonly version: string} & OfGeneration)
  /** leaves traffic as far as can be done in this time; gives no result, whatever comes of it */
  | ({readonly type: 'traffic.hide'; readonly timeoutMs: number} & OfGeneration)
  | ({readonly type: 'traffic.leave'} & OfGeneration)
  | ({readonly type: 'traffic.drain'; readonly timeoutMs: number} & OfGeneration)
  | ({
      readonly type: 'release.activate';
      readonly target: Activation;
      readonly previous: Activation | null;
    } & OfGeneration)
  | ({readonly type: 'gate.probe'; readonly timeoutMs: number} & OfGeneration)
  | ({readonly type: 'traffic.rejoin'} & OfGeneration)
  | ({readonly type: 'bake.watch'; readonly forMs: number} & OfGeneration)
  | ({readonly type: 'slots.prune'; readonly keep: readonly Activation[]} & OfGeneration)
  | ({
      readonly type: 'timer.set';
      readonly timer: Timer;
      readonly phase: Phase;
      readonly afterMs: number;
    } & OfGeneration)
  | {readonly type: 'log'; readonly level: 'info' | 'warning' | 'error'; readonly cause: Reason}
  | {readonly type: 'log.ignored'; readonly event: string; readonly phase: string};

export type EffectType = Effect['type'];
