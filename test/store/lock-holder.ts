import process from 'node:process';
import {withLock} from '../../agent/store/directory/lock.ts';

/** A process that takes a directory store's lock and never gives it back. Prints `locked`. */
await withLock(
  {store: 'test', path: process.argv[2] ?? ''},
  () => {
    console.log('locked');
    setInterval(() => {}, 1_000);
    return new Promise(() => {});
  },
  new AbortController().signal,
);
