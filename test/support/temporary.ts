import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** A folder of its own for one test, removed at its end. */
export const temporaryFolder = async (t: {teardown(end: () => Promise<void>): void}): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'release-agent-'));
  t.teardown(() => rm(folder, {recursive: true, force: true, maxRetries: 20, retryDelay: 100}));
  return folder;
};
