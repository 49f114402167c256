import {mkdir} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import type {Store} from '../ports.ts';
import {storeOf} from './adapter.ts';
import {fileFailure} from './directory/failure.ts';
import {withLock} from './directory/lock.ts';
import {createNotifier} from './directory/notify.ts';
import {directoryKeeping} from './directory/presence.ts';
import {deleteKey, putKey, type Reading, readKey, readPrefix, type Tree} from './directory/tree.ts';
import {directoryWatch} from './directory/watch.ts';
import {unreachable} from './key.ts';

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
  const locked = <T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> =>
    bounded(name, ending => withLock({store: name, path: join(root, '.lock')}, work, ending), signal);
  const read = (target: string, signal: AbortSignal): Promise<Reading> =>
    bounded(name, () => (target.endsWith('/') ? readPrefix(tree, target) : readKey(tree, target)), signal);

  return storeOf({
    name,
    get: async (key, signal) => (await read(key, signal)).entries[0] ?? null,
    isAt: async (key, version, signal) => (await read(key, signal)).entries[0]?.version === version,
    put: (write, signal) => locked(() => putKey(tree, write), signal),
    delete: (key, expected, signal) => locked(() => deleteKey(tree, key, expected), signal),
    list: async (prefix, signal) => (await bounded(name, () => readPrefix(tree, prefix), signal)).entries,
    watch: target => directoryWatch(notifier, signal => read(target, signal)),
    presence: options => directoryKeeping({tree, locked}, options),
    close: notifier.close,
  });
};

/** Runs file work with a deadline: a hung file system must not hang the caller, even though the work cannot be stopped. */
const bounded = async <T>(
  store: string,
  work: (ending: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> => {
  signal.throwIfAborted();
  const {promise: ended, reject} = Promise.withResolvers<never>();
  const ending = new AbortController();
  const end = (): void => {
    ending.abort();
    reject(signal.aborted ? signal.reason : unreachable(store, `no answer in ${DEADLINE_MS / 1000} s`));
  };
  // work that waits for the lock ends first, and says more
  const early = setTimeout(() => ending.abort(), DEADLINE_MS - 500);
  const timer = setTimeout(end, DEADLINE_MS);
  signal.addEventListener('abort', end, {once: true});
  try {
    return await Promise.race([work(ending.signal), ended]);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw fileFailure(store, error);
  } finally {
    clearTimeout(early);
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
};
