import {lstat, mkdir, readlink, rename, rm, symlink} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {quote} from '../core/quote.ts';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {syncFolder} from '../host/files.ts';
import {isMissing} from '../host/missing.ts';

const NAME = 'current';
const TARGET = /^slots\/([a-z0-9-]+)$/;

/**
 * Points `<stateDir>/current` at `slots/<slot>`: a link under another name, renamed over the old one, the folder synced.
 * Throws `activate.failed` when something else than a link is in its place.
 */
export const pointCurrent = async (stateDir: string, slot: string): Promise<void> => {
  if ((await readCurrent(stateDir)) === slot) return;
  const temporary = join(stateDir, `${NAME}.new`);
  await rm(temporary, {force: true});
  await symlink(`slots/${slot}`, temporary);
  await rename(temporary, join(stateDir, NAME));
  await syncFolder(stateDir);
};

/** The slot that `<stateDir>/current` points at, or null without one. Throws `activate.failed` when it is not our link. */
export const readCurrent = async (stateDir: string): Promise<string | null> => {
  const path = join(stateDir, NAME);
  const target = await linkTarget(path);
  if (target === null) return null;
  const slot = target === NOT_A_LINK ? undefined : TARGET.exec(target)?.[1];
  if (slot === undefined) throw refusal(path, 'a link to slots/<slot>', target);
  return slot;
};

/** Makes a link, and the folders above it. */
export type MakeLink = (path: string, target: string, signal: AbortSignal) => Promise<void>;

/**
 * Makes `path` (the application's `/release`) a link to `<stateDir>/current` if nothing is there. Throws
 * `activate.failed`, and changes nothing, when anything else is there.
 */
export const ensurePath = async (
  {path, stateDir, makeLink}: {readonly path: string; readonly stateDir: string; readonly makeLink: MakeLink},
  signal: AbortSignal,
): Promise<void> => {
  const wanted = join(stateDir, NAME);
  const found = await linkTarget(path);
  if (found === wanted) return;
  if (found !== null) throw refusal(path, `nothing or a link to ${wanted}`, found);
  await makeLink(path, wanted, signal);
};

/** Makes the link itself. */
export const linkHere: MakeLink = async (path, target) => {
  await mkdir(dirname(path), {recursive: true});
  await symlink(target, path);
  await syncFolder(dirname(path));
};

const NOT_A_LINK = Symbol('not a link');

const linkTarget = async (path: string): Promise<string | typeof NOT_A_LINK | null> => {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : NOT_A_LINK;
  } catch (error) {
    if (isMissing(error)) return null;
    throw new ReasonError(reason('activate.failed', {cause: `${path} is not readable`}), {cause: error});
  }
};

const refusal = (path: string, expected: string, found: string | typeof NOT_A_LINK): ReasonError => {
  const got = found === NOT_A_LINK ? 'a file or folder' : `a link to ${quote(found)}`;
  return new ReasonError(reason('activate.failed', {cause: `${path}: expected ${expected}, found ${got}`}));
};
