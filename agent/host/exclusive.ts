import {once} from 'node:events';

/** Runs work once what was asked for before is over, however that ended. With a signal, it is not waited for beyond its abort. */
export type Exclusive = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

/** One piece of work at a time, in order of asking: two AttachVolume at once would race for a device name. */
export const createExclusive = (): Exclusive => {
  let last: Promise<void> = Promise.resolve();
  return async (work, signal) => {
    const before = last;
    const {promise: over, resolve: finish} = Promise.withResolvers<void>();
    last = before.then(() => over);
    try {
      await (signal ? turn(before, signal) : before);
      return await work();
    } finally {
      finish();
    }
  };
};

const turn = async (before: Promise<void>, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted();
  const over = new AbortController();
  try {
    await Promise.race([before, once(signal, 'abort', {signal: over.signal})]);
  } finally {
    over.abort();
  }
  signal.throwIfAborted();
};
