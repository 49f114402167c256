/**
 * Reads beforehand, of a new volume, what the release that serves has in memory of its own: the next one will ask for much of the same when
 * it starts, and a block of a new volume comes from S3 when it is first read. INVARIANTS: only children touch a mount, each with a
 * timeout; the rate and the whole time are bounded; nothing of it fails a stage but the signal.
 */
import {reason, reasonText} from '../../core/reason.ts';
import {ReasonError, reasonOf} from '../../core/reason-error.ts';
import {pause} from '../../host/pause.ts';
import {type RunResult, run} from '../../host/process/process.ts';
import {withTimeLimit} from '../../host/time-limit.ts';
import {groupsOf, parseResident, parseSizes, piecesOf} from './reads.ts';
import type {Context} from './volume/context.ts';

export interface Prewarming {
  /** the folder of the slot that serves */
  readonly last: string;
  /** the folder of the new one */
  readonly fresh: string;
  readonly timeoutMs: number;
}

const MIB = 1_048_576;
const CHILD_MS = 60_000;
const OUTPUT = 8 * MIB;
const IDLE = ['-n19', 'ionice', '-c3'];

/** True when all of it was read; false, told in the log, when it is late or cannot be done. Throws the signal's error only. */
export const prewarm = async (
  context: Pick<Context, 'settings' | 'log'>,
  slots: Prewarming,
  signal: AbortSignal,
): Promise<boolean> => {
  const {settings, log} = context;
  const {timeoutMs} = slots;
  const began = performance.now();
  const done = {files: 0, bytes: 0};
  const told = () => ({
    files: done.files,
    mebibytes: Math.round(done.bytes / MIB),
    seconds: Math.round((performance.now() - began) / 100) / 10,
  });
  const late = () => new ReasonError(reason('prewarm.late', {seconds: Math.round(timeoutMs / 1000)}));
  try {
    const rate = settings.prewarm.rateMiB * MIB;
    const work = (bounded: AbortSignal) => read({...slots, rate, done}, bounded);
    await withTimeLimit({timeoutMs, late}, work, signal);
    log.info('what the last release reads is read beforehand', told());
    return true;
  } catch (error) {
    signal.throwIfAborted();
    log.warning('not all that the last release reads is read beforehand', {
      ...told(),
      cause: reasonText(reasonOf(error)),
    });
    return false;
  }
};

interface Reading extends Prewarming {
  /** bytes in a second */
  readonly rate: number;
  readonly done: {files: number; bytes: number};
}

const read = async ({last, fresh, rate, done}: Reading, signal: AbortSignal): Promise<void> => {
  const paths = await resident(last, signal);
  for (const group of groupsOf(paths)) {
    const sizes = parseSizes(await sizesOf(fresh, group, signal));
    for (const piece of piecesOf(sizes, rate / 2)) {
      const began = performance.now();
      await idly(piece.command, signal);
      done.files += piece.files;
      done.bytes += piece.bytes;
      await pause(Math.max(0, (piece.bytes / rate) * 1000 - (performance.now() - began)), signal);
    }
  }
};

const resident = async (folder: string, signal: AbortSignal): Promise<readonly string[]> => {
  // `find` itself would say with status 1 that there is no such program, as it does of a file
  await run('fincore', ['--version'], {timeoutMs: CHILD_MS}, signal);
  const look = ['fincore', '--raw', '--noheadings', '--bytes', '--output', 'RES,SIZE,FILE'];
  const every = ['find', folder, '-xdev', '-type', 'f', '-size', '+0', '-exec', ...look, '{}', '+'];
  const {stdout, stderr} = await idly(every, signal);
  const paths = parseResident(stdout, folder);
  if (stdout === '' && stderr !== '')
    throw new ReasonError(reason('child.failed', {command: 'fincore', cause: stderr.split('\n')[0] ?? ''}));
  return paths;
};

// one that the new release does not have is none to read: exit status 1
const sizesOf = async (folder: string, paths: readonly string[], signal: AbortSignal): Promise<string> => {
  const starts = paths.map(path => `${folder}/${path}`);
  const {stdout} = await idly(
    ['find', ...starts, '-maxdepth', '0', '-type', 'f', '-size', '+0', '-printf', '%s %p\\n'],
    signal,
  );
  return stdout;
};

const idly = (command: readonly string[], signal: AbortSignal): Promise<RunResult> =>
  run(
    'nice',
    [...IDLE, ...command],
    {timeoutMs: CHILD_MS, maxOutput: OUTPUT, accept: [1], group: true},
    signal,
  );
