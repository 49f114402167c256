import {performance} from 'node:perf_hooks';
import {type Reason, reason, reasonText} from '../core/reason.ts';
import {reasonOf} from '../core/reason-error.ts';
import {createExclusive, type Exclusive} from '../host/exclusive.ts';
import {jittered} from '../host/pause.ts';
import type {Presence} from '../ports.ts';

export interface Keeping {
  readonly key: string;
  /** Takes the key with this value, or writes the value when it is ours. `false`: another holder has it. */
  acquire(value: string, signal: AbortSignal): Promise<boolean>;
  /** Keeps it alive. Gives the text of why it is lost, or null. */
  renew(signal: AbortSignal): Promise<string | null>;
  remove(signal: AbortSignal): Promise<void>;
  /** how long a renewal lasts: without one for this long the key counts as lost */
  ttlMs(): number;
  /** when that began, on the clock of `performance.now()`, where it need not be with the last `acquire` or `renew` */
  renewedAt?(): number;
}

export interface KeptPresence extends Presence {
  /** Stops renewing and leaves the key to vanish by itself. */
  stop(): void;
}

// INVARIANTS
// - acquire, renew and remove never run at the same time (`inTurn`).
// - A loss is told once for each successful `set`, and never after `release` or `stop`.

/** The part of presence that is the same for every adapter: when to renew, when it is lost, who is told. */
export const keepPresence = (keeping: Keeping): KeptPresence => {
  const listeners: ((cause: Reason) => void)[] = [];
  const inTurn = createExclusive();
  const lost = (cause: string): void => {
    for (const listener of listeners) listener(reason('presence.lost', {key: keeping.key, cause}));
  };
  const renewal = keepRenewed({keeping, inTurn, lost});
  return {
    set: (value, signal) =>
      inTurn(async () => {
        const startedAt = performance.now();
        const taken = await keeping.acquire(value, signal);
        if (taken) renewal.begin(startedAt);
        else if (renewal.end()) lost('another holder has it');
        return taken;
      }),
    held: () => renewal.runs(),
    onLost: listener => {
      listeners.push(listener);
    },
    release: async signal => {
      renewal.end();
      await inTurn(async () => {
        renewal.end();
        await keeping.remove(signal);
      });
    },
    stop: () => {
      renewal.end();
    },
  };
};

interface Renewal {
  /** the key is ours as of `startedAt` */
  begin(startedAt: number): void;
  /** true when it was running */
  end(): boolean;
  runs(): boolean;
}

interface Renewed {
  readonly keeping: Keeping;
  readonly inTurn: Exclusive;
  lost(cause: string): void;
}

const keepRenewed = ({keeping, inTurn, lost}: Renewed): Renewal => {
  let ending: AbortController | undefined;
  let timer: NodeJS.Timeout | undefined;
  let renewedAt = 0;
  const age = (): number => performance.now() - renewedAt;

  const end = (): boolean => {
    const ran = ending !== undefined;
    clearTimeout(timer);
    ending?.abort();
    ending = undefined;
    return ran;
  };
  const renew = async (signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return;
    const startedAt = performance.now();
    const cause = await renewOnce(keeping, signal);
    if (signal.aborted) return;
    if (cause === null) renewedAt = keeping.renewedAt?.() ?? startedAt;
    else if (cause.final || age() >= keeping.ttlMs()) {
      end();
      lost(cause.text);
    }
  };
  const schedule = (signal: AbortSignal): void => {
    if (signal.aborted) return;
    const share = age() > keeping.ttlMs() / 2 ? 8 : 2;
    clearTimeout(timer);
    timer = setTimeout(
      () => inTurn(() => renew(signal)).then(() => schedule(signal)),
      jittered(keeping.ttlMs() / share, 0.8),
    ).unref();
  };
  // While it runs, a further `set` changes nothing here: writing a value need not have renewed anything.
  const begin = (startedAt: number): void => {
    if (ending) return;
    renewedAt = keeping.renewedAt?.() ?? startedAt;
    ending = new AbortController();
    schedule(ending.signal);
  };
  return {begin, end, runs: () => ending !== undefined};
};

/** Null when renewed; else why not, and whether that is final. */
const renewOnce = async (
  keeping: Keeping,
  signal: AbortSignal,
): Promise<{readonly text: string; readonly final: boolean} | null> => {
  try {
    const text = await keeping.renew(signal);
    return text === null ? null : {text, final: true};
  } catch (error) {
    return {text: reasonText(reasonOf(error)), final: false};
  }
};
