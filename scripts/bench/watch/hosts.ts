/** Hosts that watch a key, spread over a process for each core: one process is no fleet, as its hosts would wait for each other. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {build} from 'esbuild';
import type {Watchers} from './rounds.ts';

interface Fleet {
  /** of `bundledHosts` */
  readonly program: string;
  /** of Node */
  readonly options: readonly string[];
  readonly address: string;
  readonly prefix: string;
  readonly key: string;
  readonly hosts: number;
}

/** The hosts' program, bundled into this folder as the package bundles the agent. */
export const bundledHosts = async (folder: string): Promise<string> => {
  const outfile = join(folder, 'hosts.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'child.ts')],
    ...{outfile, bundle: true, platform: 'node', target: 'node26', format: 'esm', logLevel: 'error'},
  });
  return outfile;
};

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
      return child;
    });
    return {
      count: hosts,
      stop: async () => {
        const ended = children.map(child => once(child, 'exit'));
        for (const child of children) child.disconnect();
        await Promise.all(ended);
      },
    };
  };
