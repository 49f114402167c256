import {ReasonError} from '../../../core/reason-error.ts';
import {type RunResult, run} from '../../../host/process/process.ts';
import {localFailure} from './failure.ts';

export interface GitOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** leaves processor and disk to the application */
  readonly idle?: boolean;
}

/** Runs one git command on a mirror. */
export interface Git {
  /** Any exit code is an answer. Throws `child.timeout` and `child.failed` (a signal, or git is not there). */
  ask(args: readonly string[], options: GitOptions, signal: AbortSignal): Promise<RunResult>;
  /** Gives what it printed. Throws `git.mirror-corrupt`, or `disk.full` when that is why it failed. */
  must(args: readonly string[], options: GitOptions, signal: AbortSignal): Promise<string>;
}

/** A listing of some million files */
const MAX_OUTPUT = 400 * 1024 * 1024;
const IDLE = ['nice', '-n19', 'ionice', '-c3', 'git'] as const;

/** A way to run git on one git folder with a fixed environment; each command ends after `timeoutMs`. */
export const gitOn = (
  gitDir: string,
  {
    environment,
    timeoutMs,
  }: {readonly environment: Readonly<Record<string, string>>; readonly timeoutMs: number},
): Git => {
  const ask: Git['ask'] = (args, {env, input, idle = false}, signal) => {
    const [program, ...before] = idle ? IDLE : (['git'] as const);
    const options = {
      timeoutMs,
      cwd: '/',
      env: {...environment, GIT_DIR: gitDir, ...env},
      accept: 'any' as const,
      maxOutput: MAX_OUTPUT,
      group: true,
      umask: 0o022,
      ...(input !== undefined && {input}),
    };
    return run(program, [...before, ...args], options, signal);
  };
  const must: Git['must'] = async (args, options, signal) => {
    const {exitCode, stdout, stderr} = await ask(args, options, signal);
    if (exitCode === 0) return stdout;
    throw new ReasonError(localFailure({path: gitDir, stderr}));
  };
  return {ask, must};
};
