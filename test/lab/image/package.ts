/** The package that the lab's images get: `$RELEASE_AGENT_DEB`, or the one of this checkout, built once for all tests. */
import {createHash} from 'node:crypto';
import {closeSync, existsSync, openSync, readFileSync, rmSync} from 'node:fs';
import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {eventually} from '../../support/eventually.ts';
import {must} from '../run.ts';

const ROOT = new URL('../../..', import.meta.url).pathname;
const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, 'built-from');
const LOCK = join(DIST, 'building');
const BUILD_MS = 600_000;

/** The path of the package; builds it when the sources have changed since it was built. Test files wait for each other. */
export const packageForLab = async (): Promise<string> => {
  const given = process.env.RELEASE_AGENT_DEB;
  if (given !== undefined) return given;
  const sources = await digestOfSources();
  await mkdir(DIST, {recursive: true});
  if (!(await isBuilt(sources))) await build(sources);
  return newest();
};

const build = async (sources: string): Promise<void> => {
  await eventually('another build of the package to end', takeLock, {timeoutMs: BUILD_MS, everyMs: 200});
  try {
    if (await isBuilt(sources)) return;
    await must([join(ROOT, 'scripts/package')], {timeoutMs: BUILD_MS});
    await writeFile(STAMP, sources);
  } finally {
    rmSync(LOCK, {force: true});
  }
};

// The lock of a builder that died is no lock.
const takeLock = (): boolean => {
  try {
    const file = openSync(LOCK, 'wx');
    closeSync(file);
    return true;
  } catch {
    return false;
  }
};

const isBuilt = async (sources: string): Promise<boolean> =>
  existsSync(STAMP) && readFileSync(STAMP, 'utf8') === sources && (await debs()).length > 0;

const debs = async (): Promise<readonly string[]> =>
  (await readdir(DIST)).filter(name => /^release-agent_.*\.deb$/.test(name)).toSorted();

const newest = async (): Promise<string> => {
  const name = (await debs()).at(-1);
  if (name === undefined) throw new Error('scripts/package left no package in dist/');
  return join(DIST, name);
};

const digestOfSources = async (): Promise<string> => {
  const hash = createHash('sha256');
  for (const folder of ['agent', 'packaging', 'systemd']) {
    const names = (await readdir(join(ROOT, folder), {recursive: true, withFileTypes: true}))
      .filter(each => each.isFile())
      .map(each => join(each.parentPath, each.name));
    for (const name of names.toSorted()) hash.update(name).update(await readFile(name));
  }
  for (const name of ['package-lock.json', 'scripts/package']) hash.update(await readFile(join(ROOT, name)));
  return hash.digest('hex');
};
