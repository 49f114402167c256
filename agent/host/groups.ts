import {readFile} from 'node:fs/promises';
import {run} from './process/process.ts';

/** The number of a group that /etc/group has; null when it has none of that name. */
export const localGroup = async (name: string): Promise<number | null> =>
  numberIn(await readFile('/etc/group', 'utf8').catch(() => ''), name);

/** A directory service of the network may not answer. */
const TIMEOUT_MS = 10_000;
/** getent(1): the key is not there */
const NOT_FOUND = 2;

/**
 * The number of a group of this host, wherever its groups come from (LDAP too, by getent); null when there is none of that name.
 * What is a number is taken as it is. Throws `child.timeout` and `child.failed`.
 */
export const groupNumber = async (group: string, signal: AbortSignal): Promise<number | null> => {
  if (/^\d+$/.test(group)) return Number(group);
  const local = await localGroup(group);
  if (local !== null) return local;
  const limits = {timeoutMs: TIMEOUT_MS, accept: [NOT_FOUND]};
  return numberIn((await run('getent', ['group', group], limits, signal)).stdout, group);
};

// group(5): name, password, number, members
const numberIn = (lines: string, name: string): number | null => {
  const line = lines.split('\n').find(each => each.startsWith(`${name}:`));
  const number = line?.split(':')[2];
  return number ? Number(number) : null;
};
