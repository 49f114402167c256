import {stat} from 'node:fs/promises';
import process from 'node:process';

/** What a file that holds a secret must be. */
export const SECRET_EXPECTED = 'a file of root or the agent with mode 0600 or 0400';

/** Why a file is not fit to hold a secret (`mode 0644`, `owner 1000`, the error of looking at it), or null when it is. */
export const secretProblem = async (path: string): Promise<string | null> => {
  try {
    const found = await stat(path);
    if (!found.isFile()) return 'not a file';
    if (found.uid !== 0 && found.uid !== process.geteuid?.()) return `owner ${found.uid}`;
    return (found.mode & 0o177) === 0 ? null : `mode 0${(found.mode & 0o777).toString(8)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
