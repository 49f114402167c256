import {mkdir} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import type {Store, WatchUpdate} from '../ports.ts';
import {fileFailure} from './directory/failure.ts';
import {withLock} from './directory/lock.ts';
import {createNotifier, type Notifier} from './directory/notify.ts';
import {directoryKeeping} from './directory/presence.ts';
import {deleteKey, putKey, type Reading, readKey, readPrefix, type Tree} from './directory/tree.ts';
import {directoryWatch} from './directory/watch.ts';
import {type KeptPresence, keepPresence} from './keep.ts';
import {checkKey, checkPrefix, checkTarget, checkValue, unreachable} from './key.ts';
import {updates} from './updates.ts';

const DEADLINE_MS = 10_000;

/**
 * The embedded store: one plain file per key below `path`, which an operator may also edit by hand. For the processes
 * of one machine. Makes the folder when it is not there yet; throws `store.refused` or `store.unreachable`.
 */
export const openDirectoryStore = async ({path}: {readonly path: string}): Promise<Store> => {
  const root = resolve(path);
  const name = `file://${root}`;
  const tree: Tree = {store: name, root};
  await mkdir(root, {recursive: true}).catch(error => {
    throw fileFailure(name, error);
  });
  const notifier = createNotifier(root);
  const presences = new Set<KeptPresence>();
  const locked = <T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> =>
    bounded(name, ending => withLock({store: name, path: join(root, '.lock')}, work, ending), signal);
  const read = (target: string, signal: AbortSignal): Promise<Reading> =>
    bounded(name, () => (target.endsWith('/') ? readPrefix(tree, target) : readKey(tree, target)), signal);

  return {
    name,
    get: async (key, signal) => {
      checkKey(name, key);
      return (await read(key, signal)).entries[0] ?? null;
    },
    put: async (key, value, expected, signal) => {
      checkKey(name, key);
      checkValue(name, key, value);
      return locked(() => putKey(tree, {key, value, expected}), signal);
    },
    delete: async (key, expected, signal) => {
      checkKey(name, key);
      return locked(() => deleteKey(tree, key, expected), signal);
    },
    list: async (prefix, signal) => {
      checkPrefix(name, prefix);
      return (await bounded(name, () => readPrefix(tree, prefix), signal)).entries;
    },
    watch: (target, signal) => {
      checkTarget(name, target);
      return watchTarget(notifier, () => read(target, signal), signal);
    },
    presence: options => {
      checkKey(name, options.key);
      const presence = keepPresence(directoryKeeping({tree, locked}, options));
      presences.add(presence);
      return presence;
    },
    close: async () => {
      for (const presence of presences) presence.stop();
      await notifier.close();
    },
  };
};

async function* watchTarget(
  notifier: Notifier,
  read: () => Promise<Reading>,
  signal: AbortSignal,
): AsyncGenerator<WatchUpdate, void> {
  const source = directoryWatch(notifier, read);
  try {
    yield* updates(source, signal);
  } finally {
    source.close();
  }
}

/** Runs file work with a deadline: a hung file system must not hang the caller, even though the work cannot be stopped. */
const bounded = async <T>(
  store: string,
  work: (ending: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> => {
  signal.throwIfAborted();
  const {promise: ended, reject} = Promise.withResolvers<never>();
  const ending = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
  const end = (): void =>
    reject(signal.aborted ? signal.reason : unreachable(store, `no answer in ${DEADLINE_MS / 1000} s`));
  // A little later than the work itself may notice, whose message says more.
  const onEnd = (): unknown => setTimeout(end, signal.aborted ? 0 : 500).unref();
  ending.addEventListener('abort', onEnd, {once: true});
  try {
    return await Promise.race([work(ending), ended]);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw fileFailure(store, error);
  } finally {
    ending.removeEventListener('abort', onEnd);
  }
};
