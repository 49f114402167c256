/**
 * What the agent tells the service manager (sd_notify(3)). Node has no AF_UNIX datagrams, so the program `systemd-notify`
 * sends them; in its own name, as the agent lacks CAP_SYS_ADMIN: the unit needs NotifyAccess=all. INVARIANTS:
 * - at most one such program runs at a time; what was said meanwhile goes out as one message, the latest of each kind;
 * - a message that is not delivered is logged and costs nothing else;
 * - the watchdog hears of a life only when `alive` says so.
 */
import process from 'node:process';
import {reasonText} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
import type {Log} from '../../ports.ts';
import {run} from '../process/process.ts';

export interface Notify {
  /** Start-up is over: units ordered after the agent go on. Resolves when it is delivered (or cannot be); never rejects. */
  ready(): Promise<void>;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** Starting or stopping may take this much longer from now on; say it again within that time. */
  extendTimeout(ms: number): void;
  /** The agent is going; the watchdog is told nothing any more. Resolves as `ready` does. */
  stopping(): Promise<void>;
}

export interface NotifyOptions {
  /** asked at each ping, in the main loop; false lets the watchdog end the agent */
  readonly alive: () => boolean;
  readonly log: Log;
  /** NOTIFY_SOCKET and WATCHDOG_* are taken out of it, so that no child inherits them */
  readonly environment?: Record<string, string | undefined>;
}

type Variables = Readonly<Record<string, string>>;

const TIMEOUT_MS = 10_000;

/** Makes the line to the service manager; says nothing when there is none. Pings twice per WATCHDOG_USEC, as sd_watchdog_enabled(3) asks for. */
export const createNotify = ({alive, log, environment = process.env}: NotifyOptions): Notify => {
  const {socket, watchdogMs} = takeEnvironment(environment);
  const send = socket === undefined ? async () => undefined : createSender(socket, log);
  const watchdog = watchdogMs === null ? undefined : setInterval(ping, watchdogMs / 2);
  watchdog?.unref();
  let wasAlive = true;
  let said: string | null = null;

  function ping(): void {
    const isAlive = alive();
    if (isAlive) void send({WATCHDOG: '1'});
    else if (wasAlive) log.error('the main loop does not go on: the watchdog is not told that it is alive');
    wasAlive = isAlive;
  }

  return {
    ready: () => send({READY: '1'}),
    status: text => {
      const line = statusLine(text);
      if (line !== said) void send({STATUS: line});
      said = line;
    },
    extendTimeout: ms => void send({EXTEND_TIMEOUT_USEC: String(Math.ceil(ms * 1000))}),
    stopping: () => {
      clearInterval(watchdog);
      return send({STOPPING: '1'});
    },
  };
};

const STATUS_BYTES = 3_000;

// The service manager drops a message, READY=1 with it, that is longer than 4,096 bytes (NOTIFY_BUFFER_MAX) or has a line that
// ends with a backslash: it takes backslashes for escapes, and leaves them out of the others.
const statusLine = (text: string): string => {
  const bytes = Buffer.from(text.replaceAll(/\p{Cc}+/gu, ' ').replaceAll('\\', ''));
  return bytes.length <= STATUS_BYTES
    ? bytes.toString()
    : `${bytes
        .subarray(0, STATUS_BYTES)
        .toString()
        .replace(/\uFFFD+$/, '')}…`;
};

/** Reads and removes what systemd passes (sd_notify(3), sd_watchdog_enabled(3)). */
const takeEnvironment = (environment: Record<string, string | undefined>) => {
  const {NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: pid} = environment;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name];
  const mine = pid === undefined || pid === String(process.pid);
  const watchdogMs = Number(usec) / 1000;
  return {
    socket: socket === '' ? undefined : socket,
    watchdogMs: mine && watchdogMs > 0 && Number.isFinite(watchdogMs) ? watchdogMs : null,
  };
};

const createSender = (socket: string, log: Log): ((variables: Variables) => Promise<void>) => {
  const never = new AbortController().signal;
  let waiting: Variables = {};
  let sending: Promise<void> | null = null;

  const deliver = async (variables: Variables): Promise<void> => {
    const words = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    try {
      await run('systemd-notify', words, {timeoutMs: TIMEOUT_MS, env: {NOTIFY_SOCKET: socket}}, never);
    } catch (error) {
      const told = Object.keys(variables).join(', ');
      log.warning(`the service manager was not told ${told}: ${reasonText(reasonOf(error))}`);
    }
  };

  const deliverAll = async (): Promise<void> => {
    await null; // what is said in one go is one message
    while (Object.keys(waiting).length > 0) {
      const variables = waiting;
      waiting = {};
      await deliver(variables);
    }
    sending = null;
  };

  return variables => {
    waiting = {...waiting, ...variables};
    sending ??= deliverAll();
    return sending;
  };
};
