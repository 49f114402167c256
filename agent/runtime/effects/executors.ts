/** What each effect does in the world. An effect without an executor does not compile. */
import type {Effect, EffectType} from '../../core/host/effect.ts';
import type {BootView, Result} from '../../core/host/event.ts';
import type {Activation} from '../../core/host/state.ts';
import {type Reason, reason, reasonText} from '../../core/reason.ts';
import {ReasonError, reasonOf} from '../../core/reason-error.ts';
import type {Release, ReleaseKind} from '../../core/release.ts';
import type {Clock} from '../../host/clock.ts';
import {unlessReason, withTimeLimit} from '../../host/time-limit.ts';
import type {Activator, Drain, Gate, Installer, Log, Slot, Traffic} from '../../ports.ts';
import {whileKeptOut} from './kept-out.ts';
import type {ShutdownGuard} from './shutdown-guard.ts';

/** Everything the effects need, made by the entry from the settings. */
export interface Stages {
  readonly installers: Partial<Readonly<Record<ReleaseKind, Installer>>>;
  readonly activator: Activator;
  readonly traffic: Traffic;
  readonly drain: Drain;
  readonly gate: Gate;
  readonly bootView: (signal: AbortSignal) => Promise<BootView>;
  readonly askPermit: (signal: AbortSignal) => Promise<void>;
  readonly prune: (keep: readonly Slot[], signal: AbortSignal) => Promise<void>;
  /** the folder of a slot */
  readonly directoryOf: (slot: string) => string;
  readonly shutdownGuard: ShutdownGuard;
  readonly clock: Clock;
  readonly log: Log;
}

export type Operation = Exclude<Effect, {readonly type: 'timer.set' | 'log' | 'log.ignored'}>;
type Body = ResultBody<Result> | null;
type ResultBody<R> = R extends Result ? Omit<R, 'generation'> : never;

type Executors = {
  readonly [T in Operation['type']]: (
    effect: Extract<Operation, {readonly type: T}>,
    signal: AbortSignal,
  ) => Promise<Body>;
};

/** How a thrown error of an operation is told; the ones without a line here fail silently but for the log. */
const FAILURES: {readonly [T in EffectType]?: (cause: Reason) => Body} = {
  'release.stage': cause => ({type: 'release.stage-failed', cause}),
  'traffic.leave': cause => ({type: 'traffic.leave-failed', cause}),
  'traffic.drain': cause => ({type: 'drain.ended', cut: [`unknown: ${cause.kind}`]}),
  'release.activate': cause => ({type: 'release.activate-failed', cause}),
  'gate.probe': cause => ({type: 'gate.failed', cause}),
  'traffic.rejoin': cause => ({type: 'traffic.rejoin-failed', cause}),
  'bake.watch': cause => ({type: 'bake.failed', cause}),
};

const HIDE_LATE = reason('traffic.failed', {adapter: 'traffic', action: 'leave', cause: 'no answer in time'});

/** The operations whose failure is held against the release. */
const JUDGING: ReadonlySet<EffectType> = new Set([
  'release.stage',
  'release.activate',
  'gate.probe',
  'bake.watch',
]);

/** Makes the function that runs one operation and gives its result as an event, or null when it gives none. */
export const createExecutor = (stages: Stages) => {
  const table = executorsOf(stages);
  return async (operation: Operation, signal: AbortSignal): Promise<Result | null> => {
    const execute = table[operation.type] as (effect: Operation, signal: AbortSignal) => Promise<Body>;
    const body = await execute(operation, signal).catch(async (error: unknown) => {
      signal.throwIfAborted();
      const cause = reasonOf(error);
      if (JUDGING.has(operation.type)) await stages.shutdownGuard.waitOut(cause, signal);
      if (cause.kind === 'unexpected') stages.log.error(`${operation.type}: ${String(error)}`);
      const tell = FAILURES[operation.type];
      if (!tell) stages.log.warning(`${operation.type}: ${reasonText(cause)}`);
      return tell ? tell(cause) : null;
    });
    return body && ({...body, generation: operation.generation} as Result);
  };
};

const executorsOf = ({
  installers,
  activator,
  traffic,
  drain,
  gate,
  bootView,
  askPermit,
  directoryOf,
  prune,
  clock,
  log,
}: Stages): Executors => {
  const slotOf = ({release, slot}: Activation): Slot => ({release, slot, directory: directoryOf(slot)});
  return {
    'boot.view': async (_effect, signal) => ({type: 'boot.seen', view: await bootView(signal)}),
    'release.stage': async ({target}, signal) => {
      await installerOf(installers, target.release).stage(slotOf(target), signal);
      return {type: 'release.staged'};
    },
    'permit.ask': async (_effect, signal) => {
      await askPermit(signal);
      return null;
    },
    'traffic.hide': async ({timeoutMs}, signal) => {
      const limit = {timeoutMs, late: unlessReason(HIDE_LATE), clock};
      await withTimeLimit(limit, until => traffic.leave(until), signal);
      return null;
    },
    'traffic.leave': async (_effect, signal) => {
      await traffic.leave(signal);
      return {type: 'traffic.left'};
    },
    'traffic.drain': async ({timeoutMs}, signal) => {
      const {cut} = await drain.wait({timeoutMs}, signal);
      return {type: 'drain.ended', cut};
    },
    'release.activate': async ({target, previous, generation}, signal) => {
      const activate = () => activator.activate({...slotOf(target), generation, previous}, signal);
      await whileKeptOut({traffic, clock, log}, activate, signal);
      return {type: 'release.activated'};
    },
    'gate.probe': async ({timeoutMs}, signal) => {
      await whileKeptOut({traffic, clock, log}, () => gate.pass({timeoutMs}, signal), signal);
      return {type: 'gate.passed'};
    },
    'traffic.rejoin': async (_effect, signal) => {
      await traffic.rejoin(signal);
      return {type: 'traffic.rejoined'};
    },
    'bake.watch': async ({forMs}, signal) => {
      await gate.bake({forMs}, signal);
      return {type: 'bake.passed'};
    },
    'slots.prune': async ({keep}, signal) => {
      await prune(keep.map(slotOf), signal);
      return null;
    },
  };
};

/** The installer of a release. Throws `release.kind-not-configured`, `release.kind-not-supported`. */
export const installerOf = (installers: Stages['installers'], release: Release): Installer => {
  const installer = installers[release.kind];
  if (installer) return installer;
  // no section of the configuration would let it be installed
  if (release.kind === 'archive')
    throw new ReasonError(reason('release.kind-not-supported', {kind: 'archive'}));
  const section = `install.${release.kind}`;
  throw new ReasonError(reason('release.kind-not-configured', {kind: release.kind, section}));
};
