import {existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {endProcess, isRunning, type ProcessId, startTimeOf} from './process.ts';
import {must, run} from './run.ts';

const RUN_DIR = '/run/release-agent-lab';
const NAME = /^[a-z][a-z0-9-]{0,15}$/;

/** Something a region made on this machine and that must go again. */
export type Resource =
  | ({readonly kind: 'process'; readonly what: string} & ProcessId)
  | {readonly kind: 'mount'; readonly path: string}
  | {readonly kind: 'loop'; readonly device: string; readonly image: string}
  | {readonly kind: 'netns'; readonly name: string}
  | {readonly kind: 'folder'; readonly path: string};

type StateFile = {readonly owner: ProcessId; readonly resources: readonly Resource[]};

export type Resources = {
  /** The region's run folder: sockets, logs, the state file. */
  readonly dir: string;
  /** Remembers a resource (call it as soon as it exists). */
  readonly add: (resource: Resource) => void;
  readonly drop: (isIt: (resource: Resource) => boolean) => void;
  /** Removes everything, newest first, and then the run folder; what is gone already is fine. */
  readonly removeAll: () => Promise<void>;
};

/**
 * The list of what one region made, kept in `/run/release-agent-lab/<name>/state.json` so that a later process can remove what a
 * crashed one left. Throws when the region's owner still lives; removes the leftovers of a dead one first.
 */
export const openResources = async (name: string): Promise<Resources> => {
  const left = readState(name);
  if (left && isRunning(left.owner)) throw new Error(`region ${name} is in use by process ${left.owner.pid}`);
  if (left) await removeLeftovers(name);
  const dir = runDirOf(name);
  mkdirSync(dir, {recursive: true, mode: 0o755});
  const owner = {pid: process.pid, startTime: startTimeOf(process.pid) ?? ''};
  let resources: Resource[] = [];
  const save = () => {
    writeFileSync(join(dir, 'state.new'), JSON.stringify({owner, resources} satisfies StateFile, null, 1));
    renameSync(join(dir, 'state.new'), join(dir, 'state.json'));
  };
  save();
  return {
    dir,
    add: resource => {
      resources.push(resource);
      save();
    },
    drop: isIt => {
      resources = resources.filter(each => !isIt(each));
      save();
    },
    removeAll: async () => {
      await removeEach(resources);
      resources = [];
      await rm(dir, {recursive: true, force: true});
    },
  };
};

export const runDirOf = (name: string): string => {
  if (!NAME.test(name)) {
    throw new Error(
      `expected a region name of 1-16 of a-z, 0-9, -, beginning with a letter, got \`${name}\``,
    );
  }
  return join(RUN_DIR, name);
};

/** The regions that left a state file, each with its owner and whether that process lives. */
export const listRegions = (): {name: string; owner: ProcessId; isAlive: boolean}[] =>
  (existsSync(RUN_DIR) ? readdirSync(RUN_DIR).filter(name => NAME.test(name)) : []).flatMap(name => {
    const state = readState(name);
    return state ? [{name, owner: state.owner, isAlive: isRunning(state.owner)}] : [];
  });

/** Removes what a region left whose owner is dead. */
export const removeLeftovers = async (name: string): Promise<void> => {
  await removeEach(readState(name)?.resources ?? []);
  await rm(runDirOf(name), {recursive: true, force: true});
};

const readState = (name: string): StateFile | undefined => {
  const file = join(runDirOf(name), 'state.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StateFile) : undefined;
};

const removeEach = async (resources: readonly Resource[]): Promise<void> => {
  const processes = resources.filter(each => each.kind === 'process');
  await Promise.all(processes.map(each => endProcess(each, 300)));
  for (const resource of resources.toReversed()) await remove(resource);
};

const remove = async (resource: Resource): Promise<void> => {
  switch (resource.kind) {
    case 'process':
      return;
    case 'mount':
      if ((await run(['mountpoint', '-q', resource.path])).code === 0)
        await must(['umount', '--lazy', resource.path]);
      return;
    case 'loop':
      if (backingFile(resource.device) === resource.image)
        await must(['losetup', '--detach', resource.device]);
      return;
    case 'netns':
      if (existsSync(`/run/netns/${resource.name}`)) await must(['ip', 'netns', 'delete', resource.name]);
      return;
    case 'folder':
      await rm(resource.path, {recursive: true, force: true});
  }
};

const backingFile = (device: string): string | undefined => {
  const file = `/sys/block/${device.replace('/dev/', '')}/loop/backing_file`;
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
};
