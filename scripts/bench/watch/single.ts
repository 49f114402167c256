/** Consul's own watcher of one key. */
import {spawn} from 'node:child_process';
import {monotonicMs} from './rounds.ts';

interface Watched {
  readonly program: string;
  readonly address: string;
  /** from Consul's root */
  readonly key: string;
}

/** Calls back whenever `consul watch` has run its handler, also for the value that is there at its begin, until what it gives is called. */
export const consulWatch = ({program, address, key}: Watched, told: (at: number) => void): (() => void) => {
  const options = [`-http-addr=${address}`, '-type=key', `-key=${key}`, '-shell=false', 'cat'];
  const child = spawn(program, ['watch', ...options], {stdio: ['ignore', 'pipe', 'ignore']});
  child.stdout.on('data', () => told(monotonicMs()));
  return () => void child.kill();
};
