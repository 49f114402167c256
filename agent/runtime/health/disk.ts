import {statfs} from 'node:fs/promises';
import type {Dispatch} from '../../core/host/event-input.ts';
import type {State} from '../../core/host/state.ts';
import type {Reason} from '../../core/reason.ts';

interface Parts {
  /** a folder on the disk that slots, mirror and journal are on */
  readonly stateDir: string;
  readonly dispatch: Dispatch;
  /** bytes that can be had on a disk */
  readonly free?: (folder: string) => Promise<number>;
  readonly everyMs?: number;
}

export interface DiskWatch {
  /** The state is another one. */
  saw(state: State): void;
  stop(): void;
}

const EVERY_MS = 1_000;
/** Less more room than this is what others write and remove all the time. */
const STEP_BYTES = 1_048_576;

/** Ends the pause of a host that waits because its disk is full as soon as there is more room. It looks only while one waits. */
export const createDiskWatch = ({
  stateDir,
  dispatch,
  free = freeBytes,
  everyMs = EVERY_MS,
}: Parts): DiskWatch => {
  let timer: NodeJS.Timeout | undefined;
  let watched: State | null = null;

  const look = async (state: State, before: number | null): Promise<void> => {
    const now = await free(stateDir).catch(() => before ?? 0);
    if (watched !== state) return;
    if (before !== null && now >= before + STEP_BYTES) {
      const {phase, generation} = state;
      dispatch({type: 'timer.fired', timer: 'retry', phase, generation});
    } else timer = setTimeout(() => void look(state, Math.min(before ?? now, now)), everyMs);
  };
  const stop = (): void => {
    clearTimeout(timer);
    watched = null;
  };
  return {
    saw: state => {
      if (state === watched) return;
      stop();
      if (!waitsForRoom(state)) return;
      watched = state;
      void look(state, null);
    },
    stop,
  };
};

const waitsForRoom = (state: State): boolean => {
  if (state.phase === 'held') return ofDisk(state.cause) || ofDisk(state.rejected?.cause);
  const isPreparing = state.phase === 'booting' || state.phase === 'staging';
  return isPreparing && ofDisk(state.blocked);
};

const ofDisk = (cause: Reason | null | undefined): boolean => cause?.kind.startsWith('disk.') ?? false;

const freeBytes = async (folder: string): Promise<number> => {
  const {bavail, bsize} = await statfs(folder);
  return bavail * bsize;
};
