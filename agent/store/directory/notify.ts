import {basename} from 'node:path';
import {type FSWatcher, watch} from 'chokidar';

export interface Notifier {
  /** Calls the listener soon after some file below the root changed. Returns how to stop that. */
  subscribe(listener: () => void): () => void;
  /** Makes sure that the root is watched: after it vanished and came back, it is another folder. */
  refresh(): void;
  close(): Promise<void>;
}

/**
 * One chokidar watcher for all watches of a store, there only while somebody listens. It may miss events (a root that
 * is replaced, a network file system): whoever listens also looks by itself from time to time.
 */
export const createNotifier = (root: string): Notifier => {
  const listeners = new Set<() => void>();
  let watcher: FSWatcher | undefined;
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const drop = (): Promise<void> => {
    const dropped = watcher;
    watcher = undefined;
    return dropped?.close() ?? Promise.resolve();
  };
  const ended = (): void => {
    drop().catch(() => {});
    tell();
  };
  const refresh = (): void => {
    if (watcher || listeners.size === 0) return;
    watcher = watch(root, {ignored: isHidden(root), ignoreInitial: true})
      .on('all', (event, path) => (event === 'unlinkDir' && path === root ? ended() : tell()))
      .on('ready', tell)
      .on('error', ended);
  };
  return {
    subscribe: listener => {
      listeners.add(listener);
      refresh();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) drop().catch(() => {});
      };
    },
    refresh,
    close: drop,
  };
};

// Locks, temporary files and marks are renewed all the time and are no news.
const isHidden =
  (root: string) =>
  (path: string): boolean =>
    path !== root && basename(path).startsWith('.');
