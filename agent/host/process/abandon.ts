/**
 * Gives what the work gives, or null when it is not over `graceMs` after the deadline or the abort. A process in uninterruptible
 * sleep (a disk that does not answer) outlives SIGKILL: nothing can be done about it, and it is the kernel's from then on.
 */
export const unlessStuck = async <T>(
  work: Promise<T>,
  {timeoutMs, graceMs}: {readonly timeoutMs: number; readonly graceMs: number},
  signal: AbortSignal,
): Promise<T | null> => {
  const {promise, resolve} = Promise.withResolvers<null>();
  const timers = [setTimeout(resolve, timeoutMs + graceMs, null)];
  const onAbort = () => timers.push(setTimeout(resolve, graceMs, null));
  signal.addEventListener('abort', onAbort, {once: true});
  try {
    return await Promise.race([work, promise]);
  } finally {
    for (const timer of timers) clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
};
