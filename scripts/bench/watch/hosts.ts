/** Hosts that watch a key, spread over a process for each core: one process is no fleet, as its hosts would wait for each other. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {availableParallelism} from 'node:os';
import process from 'node:process';
import type {Watchers} from './rounds.ts';

interface Fleet {
  /** `child.ts`, bundled */
  readonly program: string;
  /** of Node */
  readonly options: readonly string[];
  readonly address: string;
  readonly prefix: string;
  readonly key: string;
  readonly hosts: number;
}

export const hostsOn =
  ({program, options, address, prefix, key, hosts}: Fleet): Watchers =>
  told => {
    const processes = Math.min(hosts, availableParallelism());
    const children = Array.from({length: processes}, (_, n) => {
      const share = Math.floor((hosts + n) / processes);
      const words = [...options, program, address, prefix, key, String(share)];
      const child = spawn(process.execPath, words, {stdio: ['ignore', 'inherit', 'inherit', 'ipc']});
      child.on('message', (moments: readonly number[]) => {
        for (const moment of moments) told(moment);
      });
      return {child, ended: once(child, 'exit')};
    });
    return {
      count: hosts,
      stop: async () => {
        for (const {child} of children) if (child.connected) child.disconnect();
        await Promise.all(children.map(({ended}) => ended));
      },
    };
  };
