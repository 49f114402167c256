import {mkdir, readdir, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {GitSettings} from '../../../config/settings.ts';
import {readIfThere} from '../../../host/files.ts';
import {isMissing} from '../../../host/missing.ts';
import {gitEnvironment} from './environment.ts';
import {type Git, gitOn} from './git.ts';
import type {Layout, ObjectFormat} from './layout.ts';
import {discard} from './trash.ts';

export interface Mirror {
  readonly path: string;
  readonly format: ObjectFormat;
  readonly git: Git;
}

// The most important of the attributes' places: it switches off every conversion that a tree asks for. (`-` would be an
// error for working-tree-encoding, which `!` takes back.)
const ATTRIBUTES = '* -text -crlf -eol -ident -filter !working-tree-encoding\n';

/**
 * Opens the bare mirror of the configured repository, made when it is not there. A mirror appears whole (made beside its
 * place and renamed); locks that a killed git left are taken away, since nobody else uses it.
 */
export const openMirror = (options: OpenOptions, signal: AbortSignal): Promise<Mirror> =>
  openRepository({...options, path: options.layout.mirrors[options.format]}, signal);

interface OpenOptions {
  readonly settings: GitSettings;
  readonly layout: Layout;
  readonly format: ObjectFormat;
}

/** The same for any bare repository of the installer's own. */
export const openRepository = async (
  {settings, layout, format, path}: OpenOptions & {readonly path: string},
  signal: AbortSignal,
): Promise<Mirror> => {
  const options = {environment: gitEnvironment(settings, layout), timeoutMs: settings.timeoutMs};
  if ((await readIfThere(join(path, 'HEAD'))) === null) {
    const fresh = `${path}.new`;
    await discard(layout, path);
    await discard(layout, fresh);
    const init = [
      'init',
      '--quiet',
      '--bare',
      '--template=',
      `--object-format=${format}`,
      '--initial-branch=none',
    ];
    await gitOn(fresh, options).must(init, {}, signal);
    await mkdir(join(fresh, 'info'), {recursive: true});
    await writeFile(join(fresh, 'info', 'attributes'), ATTRIBUTES);
    await rename(fresh, path);
  }
  await removeLocks(path);
  return {path, format, git: gitOn(path, options)};
};

const removeLocks = async (path: string): Promise<void> => {
  const names = await namesIn(join(path, 'refs'), {recursive: true});
  const locks = names.filter(name => name.endsWith('.lock')).map(name => join('refs', name));
  const others = (await namesIn(path)).filter(name => name.endsWith('.lock') || name === 'gc.pid');
  for (const name of [...locks, ...others]) await rm(join(path, name), {force: true});
};

/** The names in a folder, or the paths of everything in it; none when it is not there. */
export const namesIn = async (
  folder: string,
  {recursive = false}: {readonly recursive?: boolean} = {},
): Promise<readonly string[]> => {
  try {
    return await readdir(folder, {recursive});
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};
