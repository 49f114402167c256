import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {readFragments} from '../../../config/fragments/fragments.ts';
import {readSettings} from '../../../config/load.ts';
import {createResolve} from '../../../install/git/resolve.ts';
import {askTags} from '../reach/tags.ts';

/** Looks a branch or tag up at the git remote of this machine's configuration; null where it names none. Throws `ReasonError`. */
export const resolveHere = async (name: string, root: string): Promise<string | null> => {
  const fragments = await readFragments(root);
  if (fragments.fragments.length === 0) return null;
  const reading = readSettings({fragments, tags: await askTags(fragments)});
  const git = reading.ok ? reading.settings.install.git : undefined;
  if (!git) return null;
  // whoever asks need not be the agent, whose folders are its own
  const stateDir = await mkdtemp(join(tmpdir(), 'agentctl-'));
  try {
    return await createResolve({git, stateDir})(name, new AbortController().signal);
  } finally {
    await rm(stateDir, {recursive: true, force: true});
  }
};
