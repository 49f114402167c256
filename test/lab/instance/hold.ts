/** Holds an agent exactly at a write of its journal: the kernel stops it in open(2), hold.pl says who and where. */
import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import type {State} from '../../../agent/core/host/state.ts';
import {stateIn} from './journal-file.ts';

/** `writing`: the next state is decided, nothing of it is on disk. `written`: it is on disk, its effects have not begun. */
export type Moment = 'writing' | 'written';

export interface Point {
  readonly moment: Moment;
  /** the agent as this machine counts processes */
  readonly pid: number;
  /** what the journal holds */
  readonly state: State | null;
}

export interface Held extends Point {
  /** Lets the agent go on, if it still lives. */
  release(): void;
}

export interface Holder {
  /** Shows every point from now on to `stay`, until it says true once: the agent is held there. All others it passes at once. */
  hold(stay: (point: Point) => boolean, timeoutMs: number): Promise<Held>;
  /** what the journal holds now */
  state(): State | null;
  /** Shows every point to `saw`, beside whoever holds. */
  watch(saw: (point: Point) => void): () => void;
  close(): Promise<void>;
}

/** Watches the journal of the machine with this root from its first write on. */
export const openHolder = async (root: string): Promise<Holder> => {
  const folder = join(root, 'var/lib/release-agent');
  await mkdir(folder, {recursive: true});
  const child = await startProgram(folder);
  const watchers = new Set<(point: Point) => void>();
  let stay: ((point: Point) => boolean) | null = null;
  let caught: ((held: Held) => void) | null = null;
  const toPoint = pointsOf(root);
  const meet = (line: string): void => {
    const release = () => void child.stdin?.write(`${Number.parseInt(line, 10)}\n`);
    const point = toPoint(line);
    if (point) for (const saw of watchers) saw(point);
    if (!point || !stay?.(point)) {
      release();
      return;
    }
    stay = null;
    caught?.({...point, release});
  };
  createInterface({input: child.stdout ?? process.stdin}).on('line', meet);
  return {
    hold: async (decide, timeoutMs) => {
      stay = decide;
      const {promise, resolve, reject} = Promise.withResolvers<Held>();
      caught = resolve;
      const late = setTimeout(() => reject(new Error(`nothing to hold within ${timeoutMs} ms`)), timeoutMs);
      return promise.finally(() => {
        clearTimeout(late);
        stay = null;
      });
    },
    state: () => stateIn(root),
    watch: saw => {
      watchers.add(saw);
      return () => watchers.delete(saw);
    },
    close: async () => {
      child.stdin?.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
};

/** Reads what hold.pl tells; null for somebody who only looks into the folder. */
const pointsOf = (root: string) => {
  let writer = 0;
  return (line: string): Point | null => {
    const [, who = '0', moment = ''] = line.split(' ');
    const pid = Number(who);
    const isWriting = moment === 'writing';
    if (!isWriting && pid !== writer) return null;
    writer = isWriting ? pid : 0;
    return {moment: isWriting ? 'writing' : 'written', pid, state: stateIn(root)};
  };
};

const startProgram = async (folder: string): Promise<ChildProcess> => {
  const program = fileURLToPath(new URL('hold.pl', import.meta.url));
  const child = spawn('perl', [program, folder], {stdio: ['pipe', 'pipe', 'inherit']});
  child.stdin?.on('error', () => {}); // it may end first
  const [first] = await Promise.race([
    once(child.stdout ?? child, 'data') as Promise<[Buffer]>,
    once(child, 'exit').then(([code]) => {
      throw new Error(`hold.pl ended with ${code}`);
    }),
  ]);
  if (!String(first).startsWith('watching')) throw new Error(`hold.pl says ${String(first)}`);
  return child;
};
