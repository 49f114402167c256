import {execFile} from 'node:child_process';

export type RunResult = {readonly code: number; readonly stdout: string; readonly stderr: string};

type RunOptions = {timeoutMs?: number; env?: Readonly<Record<string, string>>; input?: string; cwd?: string};

/** Runs argv to its end (at most `timeoutMs`, default 60 s) and gives its exit code and output; never throws for a code. */
export const run = (argv: readonly string[], options: RunOptions = {}): Promise<RunResult> => {
  const {timeoutMs = 60_000, env = {}, input, cwd} = options;
  const [file = '', ...rest] = argv;
  return new Promise(resolve => {
    const settings = {
      timeout: timeoutMs,
      maxBuffer: 64 << 20,
      env: {...process.env, ...env},
      ...(cwd ? {cwd} : {}),
    };
    const child = execFile(file, rest, settings, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
      resolve({code, stdout, stderr: code === 127 && error ? stderr || error.message : stderr});
    });
    child.stdin?.on('error', () => {}).end(input ?? '');
  });
};

/** As `run`, but a code other than 0 is an error that names the command and quotes its last words; gives stdout. */
export const must = async (argv: readonly string[], options: RunOptions = {}): Promise<string> => {
  const {code, stdout, stderr} = await run(argv, options);
  if (code === 0) return stdout;
  throw new Error(`\`${argv.join(' ')}\` ended with ${code}: ${(stderr || stdout).trim().slice(-800)}`);
};
