import {spawn} from 'node:child_process';
import {closeSync, existsSync, mkdirSync, openSync, readFileSync} from 'node:fs';
import {readdir, stat} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {eventually} from '../../support/eventually.ts';
import {listRegions, runDirOf} from '../resources.ts';
import {must} from '../run.ts';
import {status} from './status.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const CLI = fileURLToPath(new URL('../cli.ts', import.meta.url));

/** Starts a region in a process of its own that outlives this one, and prints what can be tried. */
export const up = async ({
  name,
  instances,
  deb,
}: {
  name: string;
  instances: number;
  deb?: string;
}): Promise<number> => {
  if (!Number.isInteger(instances) || instances < 1 || instances > 30) {
    throw new Error(`expected --instances to be from 1 to 30, got ${instances}`);
  }
  if (listRegions().some(region => region.name === name && region.isAlive)) {
    process.stdout.write(`region ${name} is running already\n`);
    return status(name);
  }
  const [log, ready] = [`${runDirOf(name)}.log`, join(runDirOf(name), 'lab.json')];
  mkdirSync(dirname(log), {recursive: true});
  const output = openSync(log, 'w');
  const args = [
    CLI,
    'supervise',
    '--name',
    name,
    '--instances',
    String(instances),
    '--deb',
    deb ?? (await findPackage()),
  ];
  const child = spawn(process.execPath, args, {detached: true, stdio: ['ignore', output, output]});
  closeSync(output);
  process.stdout.write('starting a region (the first time builds its images: about two minutes)\n');
  await eventually(
    `the region (its log: ${log})`,
    () => {
      if (child.exitCode !== null)
        throw new Error(`the region did not start:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
      return existsSync(ready);
    },
    {timeoutMs: 600_000, everyMs: 100},
  );
  child.unref();
  return status(name);
};

/** The newest package in dist/, built when there is none. */
const findPackage = async (): Promise<string> => {
  const folder = join(REPOSITORY, 'dist');
  const newest = async () => {
    const names = existsSync(folder) ? (await readdir(folder)).filter(file => file.endsWith('.deb')) : [];
    const dated = await Promise.all(
      names.map(async file => ({file, at: (await stat(join(folder, file))).mtimeMs})),
    );
    return dated.sort((a, b) => b.at - a.at)[0]?.file;
  };
  if ((await newest()) === undefined) {
    process.stdout.write('building the package\n');
    await must([join(REPOSITORY, 'scripts/package')], {timeoutMs: 600_000, cwd: REPOSITORY});
  }
  const found = await newest();
  if (found === undefined) throw new Error(`expected a .deb in ${folder} (npm run package), found none`);
  return join(folder, found);
};
