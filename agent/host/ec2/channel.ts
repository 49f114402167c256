/**
 * The agent's end of the channel to its EC2 worker: a process that loads the AWS SDK, so that the agent never does, and that ends
 * after some idle time. INVARIANTS:
 * - there is at most one worker: the next one starts when the one before is gone;
 * - every call settles: with the worker's answer, with the end of the worker, or with its signal;
 * - a worker that does not even answer to a cancelled call hangs, and is killed; one that still starts is given a minute.
 */
import {type ChildProcess, fork} from 'node:child_process';
import {existsSync} from 'node:fs';
import {extname, join} from 'node:path';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import {errorFrom} from './error.ts';
import type {ActionName, FromWorker, InputOf, OutputOf, Request} from './wire.ts';

/** Makes one request. Throws what the worker threw, a plain `Error` when the worker ended, and the signal's reason. */
export type Ask = <A extends ActionName>(
  action: A,
  input: InputOf<A>,
  signal: AbortSignal,
) => Promise<OutputOf<A>>;

export interface Channel {
  readonly ask: Ask;
  /** Lets the worker go, and waits until it is gone, for a second at most. */
  close(): Promise<void>;
}

export interface ChannelOptions {
  /** the worker's arguments; they can be seen by everyone on the host */
  readonly args: readonly string[];
  /** where the SDK asks IMDS for credentials; the agent's own environment may say otherwise */
  readonly imds?: string;
  readonly idleMs?: number;
  readonly graceMs?: number;
}

interface Waiting {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Worker {
  readonly child: ChildProcess;
  readonly waiting: Map<number, Waiting>;
  readonly gone: Promise<void>;
  readonly isUp: () => boolean;
}

/** Longer than the pauses between the looks at a volume that is being made or attached. */
const IDLE_MS = 20_000;
const GRACE_MS = 10_000;
const CLOSE_MS = 1_000;
/** Loading the SDK takes a third of a second of CPU, which a host that boots may be short of. */
const START_MS = 60_000;

/** Nothing is started before the first call. */
export const createChannel = ({
  args,
  imds,
  idleMs = IDLE_MS,
  graceMs = GRACE_MS,
}: ChannelOptions): Channel => {
  let worker: Worker | null = null;
  let leaving: Promise<void> | null = null;
  let idle: NodeJS.Timeout | undefined;
  let calls = 0;
  let lastId = 0;

  const ready = async (): Promise<Worker> => {
    while (leaving) await leaving;
    if (worker) return worker;
    const started = startWorker(args, imds);
    worker = started;
    void started.gone.then(() => {
      if (worker === started) worker = null;
    });
    return started;
  };

  const dismiss = (): void => {
    if (!worker) return;
    const {child, gone} = worker;
    worker = null;
    const hangs = setTimeout(() => child.kill('SIGKILL'), graceMs);
    leaving = gone.then(() => {
      clearTimeout(hangs);
      leaving = null;
    });
    if (child.connected) child.disconnect();
  };

  const ask: Ask = async (action, input, signal) => {
    clearTimeout(idle);
    calls += 1;
    try {
      const current = await ready();
      signal.throwIfAborted();
      lastId += 1;
      return (await exchange(current, {id: lastId, action, input}, graceMs, signal)) as OutputOf<
        typeof action
      >;
    } finally {
      calls -= 1;
      if (calls === 0) idle = setTimeout(dismiss, idleMs).unref();
    }
  };

  const close = async (): Promise<void> => {
    clearTimeout(idle);
    dismiss();
    const over = new AbortController();
    await Promise.race([leaving, sleep(CLOSE_MS, undefined, {signal: over.signal}).catch(() => undefined)]);
    over.abort();
  };
  return {ask, close};
};

/** The unit's options: V8 refuses a compile cache that was made with others, and the package fills one for both programs. */
export const OF_UNIT =
  /^--(?:lite-mode$|max-semi-space-size=|invocation-count-for-feedback-allocation=|expose-gc$)/;

const startWorker = (args: readonly string[], imds: string | undefined): Worker => {
  const child = fork(WORKER, args, {
    env: environment(imds),
    execArgv: process.execArgv.filter(option => OF_UNIT.test(option)),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, Waiting>();
  let up = false;
  const gone = new Promise<void>(resolve => {
    const end = (how: string): void => {
      for (const {reject} of waiting.values()) reject(new Error(`the process that asks it ended: ${how}`));
      waiting.clear();
      resolve();
    };
    child.once('exit', (code, name) => end(name ?? `exit status ${code}`));
    child.on('error', error => child.pid === undefined && end(error.message));
  });
  child.on('message', (reply: FromWorker) => {
    if ('up' in reply) {
      up = true;
      return;
    }
    const caller = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('error' in reply) caller?.reject(errorFrom(reply.error));
    else caller?.resolve(reply.output);
    if (waiting.size === 0) keepAlive(child, false);
  });
  return {child, waiting, gone, isUp: () => up};
};

const exchange = async (
  {child, waiting, isUp}: Worker,
  request: Extract<Request, {action: string}>,
  graceMs: number,
  signal: AbortSignal,
): Promise<unknown> => {
  const {id} = request;
  const answer = new Promise((resolve, reject) => {
    waiting.set(id, {resolve, reject});
    send(child, request);
  });
  keepAlive(child, true);
  const cut = Promise.withResolvers<never>();
  const cancel = (): void => {
    cut.reject(signal.reason);
    send(child, {id, cancel: true});
    const hangs = setTimeout(() => child.kill('SIGKILL'), isUp() ? graceMs : START_MS);
    answer.catch(() => undefined).finally(() => clearTimeout(hangs));
  };
  signal.addEventListener('abort', cancel, {once: true});
  try {
    return await Promise.race([answer, cut.promise]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
};

// A request that cannot be sent is lost with its worker, whose end settles the call.
const send = (child: ChildProcess, request: Request): void => {
  if (child.connected) child.send(request, () => undefined);
};

/** While nothing is asked, the worker keeps no process from ending. */
const keepAlive = (child: ChildProcess, isWanted: boolean): void => {
  const how = isWanted ? 'ref' : 'unref';
  child[how]();
  child.channel?.[how]();
};

// Beside this file, or beside the bundle that this file is part of; agentctl's bundle is a folder beside it (packaging/bundle.ts).
const BESIDE = join(import.meta.dirname, `ec2-worker${extname(import.meta.filename)}`);
const WORKER = existsSync(BESIDE) ? BESIDE : join(import.meta.dirname, '../ec2-worker.cjs');

/** What the SDK's credential chain and TLS may need; nothing else of the agent's environment. */
const PASSED =
  /^(?:AWS_\w+|HOME|PATH|HTTPS?_PROXY|NO_PROXY|NODE_(?:COMPILE_CACHE|EXTRA_CA_CERTS|USE_ENV_PROXY)|SSL_CERT_(?:DIR|FILE))$/i;

const environment = (imds: string | undefined): Record<string, string> => ({
  // as everywhere in the agent: never IMDSv1
  AWS_EC2_METADATA_V1_DISABLED: 'true',
  ...(imds !== undefined && {AWS_EC2_METADATA_SERVICE_ENDPOINT: imds}),
  ...Object.fromEntries(
    Object.entries(process.env).filter((each): each is [string, string] => PASSED.test(each[0])),
  ),
});
