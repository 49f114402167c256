import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {type Mirror, namesIn} from './mirror.ts';

/** Each fetch adds one pack; so many are cheap to search. */
const MAX_PACKS = 6;

/**
 * Forgets the revisions that are not kept, removes what killed transfers left, and packs anew when packs have gathered:
 * only then are unneeded objects deleted, and only those that no kept reference reaches. At idle priority.
 */
export const maintain = async (
  {git, path}: Mirror,
  {keep}: {readonly keep: ReadonlySet<string> | 'all'},
  signal: AbortSignal,
): Promise<void> => {
  const references = await git.must(['for-each-ref', '--format=%(refname)'], {}, signal);
  const forgotten = references.split('\n').filter(name => name !== '' && keep !== 'all' && !keep.has(name));
  if (forgotten.length > 0) {
    const input = forgotten.map(name => `delete ${name}\n`).join('');
    await git.must(['update-ref', '--stdin'], {input}, signal);
  }
  await removeLeftovers(path);
  const packs = (await namesIn(join(path, 'objects', 'pack'))).filter(name => name.endsWith('.pack'));
  if (packs.length > MAX_PACKS) await git.must(['gc', '--quiet', '--prune=now'], {idle: true}, signal);
};

const removeLeftovers = async (path: string): Promise<void> => {
  for (const folder of [join(path, 'objects'), join(path, 'objects', 'pack')])
    for (const name of await namesIn(folder))
      if (/^(?:tmp_|\.tmp-|incoming-)/.test(name))
        await rm(join(folder, name), {recursive: true, force: true});
};
