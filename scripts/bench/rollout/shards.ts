/** The hosts of a fleet, spread over processes, as each has only so many descriptors, and over the Consul agents that they ask. */
import {type ChildProcess, fork} from 'node:child_process';
import {join} from 'node:path';
import type {StoreSettings} from '../../../agent/config/settings.ts';
import type {Wire} from './wire.ts';

/** Hosts `from` to `to` of a fleet. */
export interface Part {
  readonly store: StoreSettings;
  readonly from: number;
  readonly to: number;
  /** of the whole fleet */
  readonly hosts: number;
  /** how long the slowest host is out for, ms */
  readonly slowestMs: number;
}

/** A host left traffic, or is back: ms on a clock that all processes share. */
export interface Moment {
  readonly at: number;
  readonly isOut: boolean;
}

type Question =
  | {readonly what: 'serving'; readonly release: string}
  | {readonly what: 'waiting' | 'wire' | 'moments' | 'complaints' | 'stop'};
export type Asked = Question & {readonly id: number};
export interface Said {
  readonly id: number;
  readonly value: unknown;
}

export interface Shards {
  /** how many hosts serve the release */
  serving(release: string): Promise<number>;
  /** how many wait for a permit */
  waiting(): Promise<number>;
  wire(): Promise<Wire>;
  /** of all hosts, in their order */
  moments(): Promise<readonly Moment[]>;
  complaints(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const SHARD = join(import.meta.dirname, 'shard.ts');
const STOP_MS = 30_000;
/** A process that starts a thousand hosts answers late, but it answers. */
const ANSWER_MS = 120_000;

/** Starts a process for each part. */
export const startShards = (parts: readonly Part[]): Shards => {
  const shards = parts.map(startShard);
  const all = <T>(question: Question): Promise<T[]> =>
    Promise.all(shards.map(({ask}) => ask(question) as Promise<T>));
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  return {
    serving: async release => sum(await all<number>({what: 'serving', release})),
    waiting: async () => sum(await all<number>({what: 'waiting'})),
    wire: async () => {
      const wires = await all<Wire>({what: 'wire'});
      const total = (name: keyof Wire): number => sum(wires.map(wire => wire[name]));
      return {requests: total('requests'), bytes: total('bytes'), statuses: total('statuses')};
    },
    moments: async () => (await all<Moment[]>({what: 'moments'})).flat().toSorted((a, b) => a.at - b.at),
    complaints: async () => (await all<string[]>({what: 'complaints'})).flat(),
    stop: async () => {
      await Promise.all(shards.map(({stop}) => stop()));
    },
  };
};

const startShard = (part: Part) => {
  const child: ChildProcess = fork(SHARD, [JSON.stringify(part)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, {resolve(value: unknown): void; reject(error: Error): void}>();
  let lastId = 0;
  let isOver = false;
  child.on('message', ({id, value}: Said) => {
    waiting.get(id)?.resolve(value);
    waiting.delete(id);
  });
  child.once('exit', (code, signal) => {
    isOver = true;
    for (const {reject} of waiting.values())
      reject(new Error(`a process of the fleet ended: ${signal ?? code}`));
    waiting.clear();
  });
  const ask = (question: Question): Promise<unknown> => {
    if (isOver) return Promise.reject(new Error('a process of the fleet ended before'));
    const {promise, resolve, reject} = Promise.withResolvers<unknown>();
    const late = setTimeout(
      () => reject(new Error(`a process of the fleet says nothing to "${question.what}"`)),
      ANSWER_MS,
    );
    lastId += 1;
    waiting.set(lastId, {resolve, reject});
    child.send({...question, id: lastId} satisfies Asked);
    return promise.finally(() => clearTimeout(late));
  };
  const stop = async (): Promise<void> => {
    if (isOver) return;
    const hangs = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ask({what: 'stop'}).catch(() => undefined);
    clearTimeout(hangs);
    child.kill('SIGKILL');
  };
  return {ask, stop};
};
