import {chmod, chown, stat} from 'node:fs/promises';
import type {GitSettings} from '../../../config/settings.ts';
import {reason} from '../../../core/reason.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import {groupNumber} from '../../../host/groups.ts';

/** Who may read releases besides root: a group of this host. */
export interface Access {
  /** as it is configured */
  readonly group: string;
  readonly number: number;
}

/** Who may read releases; null: every local user. Throws `git.group`, when the host does not have that group. */
export const slotAccess = async ({group}: GitSettings, signal: AbortSignal): Promise<Access | null> => {
  if (group === undefined) return null;
  const number = await groupNumber(group, signal);
  if (number === null) throw refused(group, 'this host has no such group');
  return {group, number};
};

const MODE = 0o750;
const OTHERS = 0o007;

/**
 * Lets the group, and nobody else but root, into a tree: its topmost folder is closed, so that modes of files do not matter. Files that
 * are open already stay so. Throws `git.group` when the agent may not give to this group: not root, and not in it.
 */
export const closeTree = async (tree: string, {group, number}: Access): Promise<void> => {
  try {
    // in this order: the group gets in before others no longer do
    await chown(tree, -1, number);
    await chmod(tree, MODE);
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException;
    throw code === 'EPERM' ? refused(group, message) : error;
  }
};

/** True when the group, and nobody else but root, gets into a tree. */
export const isClosed = async (tree: string, {number}: Access): Promise<boolean> => {
  const {gid, mode} = await stat(tree);
  return gid === number && (mode & OTHERS) === 0;
};

const refused = (group: string, cause: string): ReasonError =>
  new ReasonError(reason('git.group', {group, cause}));
