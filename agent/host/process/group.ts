import process from 'node:process';

export interface GroupWatch {
  readonly leader: number | undefined;
  readonly timeoutMs: number;
  readonly killDelayMs: number;
}

const live = new Set<number>();
process.on('exit', () => {
  for (const leader of live) kill(leader, 'SIGKILL');
});

/**
 * Ends the process group of a leader past the deadline, at the signal, or with the agent: SIGTERM first, SIGKILL later.
 * Call `over` when the leader has ended: it says whether the deadline was why, and leaves nobody of an ended group behind.
 */
export const watchGroup = (
  {leader, timeoutMs, killDelayMs}: GroupWatch,
  signal: AbortSignal,
): {over(): boolean} => {
  if (leader === undefined) return {over: () => false};
  live.add(leader);
  let ending: NodeJS.Timeout | undefined;
  let timedOut = false;
  const end = () => {
    if (ending) return;
    kill(leader, 'SIGTERM');
    ending = setTimeout(() => kill(leader, 'SIGKILL'), killDelayMs);
  };
  const deadline = setTimeout(() => {
    timedOut = true;
    end();
  }, timeoutMs);
  signal.addEventListener('abort', end, {once: true});
  return {
    over: () => {
      live.delete(leader);
      clearTimeout(deadline);
      clearTimeout(ending);
      signal.removeEventListener('abort', end);
      if (ending) kill(leader, 'SIGKILL');
      return timedOut;
    },
  };
};

const kill = (leader: number, how: 'SIGTERM' | 'SIGKILL'): void => {
  try {
    process.kill(-leader, how);
  } catch {
    // ESRCH: nobody of the group is left
  }
};
