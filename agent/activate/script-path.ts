import {join} from 'node:path';
import {quote} from '../core/quote.ts';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {run} from '../host/process/process.ts';

const TIMEOUT_MS = 10_000;
const MISSING = /No such file or directory|Not a directory/;

/**
 * Finds the release's script: a regular, executable file that is inside the release after all links are followed. Gives its
 * real path. Throws `script.missing`, `activate.failed`. Asks child processes: a release may lie on a disk that hangs.
 */
export const locateScript = async (
  {script, directory}: {readonly script: string; readonly directory: string},
  signal: AbortSignal,
): Promise<string> => {
  const args = ['-e', '-z', '--', directory, join(directory, script)];
  const found = await run('realpath', args, {timeoutMs: TIMEOUT_MS, accept: [1]}, signal);
  const [folder = '', path = ''] = found.stdout.split('\0');
  if (found.exitCode !== 0) {
    if (folder !== '' && MISSING.test(found.stderr))
      throw new ReasonError(reason('script.missing', {script}));
    throw failed(`${directory}: ${found.stderr.trim().split('\n').at(-1)}`);
  }
  if (!path.startsWith(`${folder}/`))
    throw failed(`the script ${script} leads outside the release, to ${quote(path)}`);
  if (!(await test('-f', path, signal))) throw failed(`the script ${script} is not a file`);
  if (!(await test('-x', path, signal))) throw failed(`the script ${script} is not executable`);
  return path;
};

const test = async (question: '-f' | '-x', path: string, signal: AbortSignal): Promise<boolean> =>
  (await run('test', [question, path], {timeoutMs: TIMEOUT_MS, accept: [1]}, signal)).exitCode === 0;

const failed = (cause: string): ReasonError => new ReasonError(reason('activate.failed', {cause}));
