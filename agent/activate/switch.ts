import {performance} from 'node:perf_hooks';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {releaseId} from '../core/release.ts';
import {run} from '../host/process/process.ts';
import type {ActivationRequest, Log} from '../ports.ts';
import {ensurePath, type MakeLink, pointCurrent} from './current.ts';
import {type ActivatorSettings, activationEnvironment} from './environment.ts';
import type {Launch} from './launch.ts';
import {runScript} from './script.ts';

export interface ActivatorOptions {
  readonly settings: ActivatorSettings;
  readonly log: Log;
}

/** How the two kinds of activation touch what is outside the state folder. */
export interface Hands {
  readonly makeLink: MakeLink;
  readonly launch: Launch;
}

const TIMEOUT_MS = 10_000;

/**
 * What both kinds of activation begin with: `current` is swapped, then the release's script runs in its own environment.
 * Throws `activate.failed` when the slot is not there, and what `runScript` throws.
 */
export const switchRelease = async (
  {settings, log, makeLink, launch}: ActivatorOptions & Hands,
  request: ActivationRequest,
  signal: AbortSignal,
): Promise<void> => {
  const {stateDir, activate} = settings;
  await requireFolder(request.directory, signal);
  await ensurePath({path: activate.path, stateDir, makeLink}, signal);
  await pointCurrent(stateDir, request.slot);
  if (activate.script === undefined) return;
  await runScript(
    {
      script: activate.script,
      directory: request.directory,
      environment: activationEnvironment(settings, request),
      timeoutMs: Math.min(activate.scriptTimeoutMs, activate.timeoutMs),
      release: releaseId(request.release),
      launch,
      log,
    },
    signal,
  );
};

// Asked by a child process: a slot may lie on a disk that hangs.
const requireFolder = async (directory: string, signal: AbortSignal): Promise<void> => {
  const {exitCode} = await run('test', ['-d', directory], {timeoutMs: TIMEOUT_MS, accept: [1]}, signal);
  if (exitCode !== 0)
    throw new ReasonError(reason('activate.failed', {cause: `the slot ${directory} is not there`}));
};

/** Counts down from `timeoutMs` on the monotonic clock: each call gives the milliseconds left, at least 1. */
export const countdown = (timeoutMs: number): (() => number) => {
  const end = performance.now() + timeoutMs;
  return () => Math.max(1, end - performance.now());
};
