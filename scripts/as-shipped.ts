/**
 * The agent's suites as the agent is shipped: with the options of its unit. `--lite-mode` leaves Node without WebAssembly, by which
 * it strips types, so they run from a transpiled copy of the tree.
 */
import {cp, mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {dirname, join, relative} from 'node:path';
import {build} from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const UNIT = 'systemd/release-agentd.service';
/** Inside the project, so that packages and the commit are found from there. */
const COPIES = 'dist/as-shipped';
const LEFT_OUT: readonly string[] = ['.git', '.lab', '.tap', 'dist', 'node_modules'];

/** The folders of the agent. The suites of all else are of the tools that build and try it, which the full Node runs. */
const FOLDERS: readonly string[] = (await readdir(join(ROOT, 'agent'), {withFileTypes: true}))
  .filter(each => each.isDirectory())
  .map(({name}) => name);

/** True for a test file of the agent, given from the project's root. */
export const isOfAgent = (file: string): boolean =>
  FOLDERS.some(folder => file.startsWith(`test/${folder}/`));

/** Every test file of the project, from its root. */
export const testFiles = async (): Promise<readonly string[]> =>
  (await readdir(join(ROOT, 'test'), {recursive: true}))
    .filter(file => file.endsWith('.test.ts'))
    .map(file => join('test', file))
    .toSorted();

/** The options of Node that the unit starts the agent with. */
export const shippedOptions = async (): Promise<readonly string[]> => {
  const unit = await readFile(join(ROOT, UNIT), 'utf8');
  const [, command = ''] = /^ExecStart=(.+)$/m.exec(unit) ?? [];
  const options = command.split(' ').filter(word => word.startsWith('--'));
  if (options.length === 0) throw new Error(`${UNIT}: expected options of Node in ExecStart, got ${command}`);
  return options;
};

/**
 * True for a test file that waits for others to be done with the names below /dev, which a machine has once (`support/alone.ts`), or
 * whose mounts the programs of such a one would keep.
 */
export const isOfDevices = (file: string): boolean => /^test\/(?:install\/ebs|host\/mount)\//.test(file);

/**
 * Makes a transpiled copy of this name anew and gives its folder. A test file is there at its own path, with `.js` instead of `.ts`. Two
 * runs of tap need a copy each: they keep what they know in their folder.
 */
export const transpiledCopy = async (name: string): Promise<string> => {
  const copy = join(COPIES, name);
  const target = join(ROOT, copy);
  await rm(target, {recursive: true, force: true});
  await mkdir(target, {recursive: true});
  for (const entry of await readdir(ROOT))
    if (!LEFT_OUT.includes(entry))
      await cp(join(ROOT, entry), join(target, entry), {
        recursive: true,
        filter: from => !from.endsWith('.ts'),
      });
  const {outputFiles} = await build({
    absWorkingDir: ROOT,
    entryPoints: ['agent/**/*.ts', 'packaging/**/*.ts', 'scripts/**/*.ts', 'test/**/*.ts'],
    outbase: '.',
    outdir: copy,
    write: false,
    format: 'esm',
    target: 'node26',
    sourcemap: 'inline',
  });
  for (const {path, text} of outputFiles) {
    await mkdir(dirname(path), {recursive: true});
    await writeFile(path, withNewNames(text));
  }
  return relative(ROOT, target);
};

/** What is imported, forked or started is named with its extension, in quotes. */
const withNewNames = (text: string): string => text.replace(/(["'`])([^"'`\n]+)\.ts\1/g, '$1$2.js$1');
