import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import type {Readable} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import type {Log} from '../ports.ts';
import type {Launch} from './launch.ts';
import {readLines} from './lines.ts';
import {locateScript} from './script-path.ts';

export interface ScriptOptions {
  /** path inside the release */
  readonly script: string;
  readonly directory: string;
  /** its whole environment */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** the release's id, a field of every logged line */
  readonly release: string;
  readonly launch: Launch;
  readonly log: Log;
}

const LIMITS = {width: 1_000, count: 1_000};
const GRACE_MS = 5_000;
/** Children that the script left behind may hold its output open; what they write later is not the script's. */
const OUTPUT_DRAIN_MS = 500;

/**
 * Runs the release's one script in the release's folder, launched apart from the agent, its output logged line by line
 * (1,000 lines). Throws `script.missing`, `script.failed` and `script.timeout` with the last line, `activate.failed`, and the
 * signal's own error. At the deadline or when aborted all of it is ended; what a successful script left running stays.
 */
export const runScript = async (options: ScriptOptions, signal: AbortSignal): Promise<void> => {
  const {script, directory, environment, timeoutMs, launch} = options;
  const path = await locateScript({script, directory}, signal);
  // `env` changes the folder and loads the script, so that a hung disk hangs the child and never this process.
  const command = ['/usr/bin/env', '-C', directory, '--', path];
  const launched = await launch(command, environment, {timeoutMs}, signal);
  const output = logOutput(launched.child, options);
  const deadline = AbortSignal.timeout(timeoutMs);
  const exit = await endOf(launched.child, AbortSignal.any([signal, deadline]));
  if (exit === null) {
    await launched.end(GRACE_MS);
    await output.drain();
    signal.throwIfAborted();
    throw new ReasonError(
      reason('script.timeout', {script, seconds: timeoutMs / 1000, output: output.last()}),
    );
  }
  await output.drain();
  const ended = await launched.status(exit);
  if (ended !== 0) {
    const status = typeof ended === 'number' ? `exit status ${ended}` : ended;
    throw new ReasonError(reason('script.failed', {script, status, output: explain(output.last(), path)}));
  }
};

// The script itself was found before: what execve(2) misses is the interpreter that it names.
const explain = (line: string, path: string): string =>
  line.startsWith('/usr/bin/env:') && line.includes(path) && line.endsWith('No such file or directory')
    ? 'the program in its first line (#!) is not there'
    : line;

/** Exit status, name of the signal that killed it, or null when the signal was aborted first. */
const endOf = async (child: ChildProcess, signal: AbortSignal): Promise<number | string | null> => {
  try {
    const [status, killedBy] = (await once(child, 'exit', {signal})) as [number | null, string | null];
    return status ?? killedBy ?? 'an unknown status';
  } catch (error) {
    if (signal.aborted) return null;
    throw new ReasonError(reason('activate.failed', {cause: (error as Error).message}), {cause: error});
  }
};

const logOutput = (child: ChildProcess, {script, release, log}: ScriptOptions) => {
  const streams = [child.stderr, child.stdout].filter(stream => stream !== null) as Readable[];
  const seen = streams.map(stream => readLines(stream, LIMITS, line => log.info(line, {release, script})));
  const close = (): void => {
    for (const stream of streams) stream.destroy();
    const dropped = seen.reduce((sum, each) => sum + each.dropped, 0);
    if (dropped > 0) log.warning(`${dropped} more lines of output are not logged`, {release, script});
  };
  return {
    drain: async (): Promise<void> => {
      const enough = AbortSignal.timeout(OUTPUT_DRAIN_MS);
      await Promise.allSettled(
        streams.map(stream => stream.closed || once(stream, 'close', {signal: enough})),
      );
      await sleep(0); // a stream is `closed` before it says so, and the last line is finished then
      close();
      await sleep(0);
    },
    /** the last line of the error output, else of the output */
    last: (): string => (seen.find(each => each.last !== '')?.last ?? '').slice(0, 200),
  };
};
