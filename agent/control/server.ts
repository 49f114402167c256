import {once} from 'node:events';
import {createServer, type Socket} from 'node:net';
import {reason} from '../core/reason.ts';
import {withTimeLimit} from '../host/time-limit.ts';
import {type Answering, answer, type Connection, refusal} from './answer.ts';
import {callerOf, callerText} from './caller.ts';
import {operatePathOf, REQUEST_LIMIT, type Response} from './protocol.ts';
import {readAll} from './read-all.ts';
import {openSocket} from './socket.ts';

export interface ServeOptions extends Answering {
  /** `<runDir>/control.sock`, for looking; the one for changing is beside it */
  readonly path: string;
  /** who may use each of them besides root, where there are such groups */
  readonly groups?: {readonly look: string; readonly operate: string};
  /** how long a client may take to send its request or to read its answer, and how long the answer may take */
  readonly clientTimeoutMs?: number;
  readonly answerTimeoutMs?: number;
}

export interface ControlServer {
  /** Stops listening, ends open connections and removes the sockets. */
  close(): Promise<void>;
}

const GROUPS = {look: 'release-agent', operate: 'release-agent-operators'} as const;

/**
 * Answers on the control sockets until the signal is aborted or `close` is called; gives back once it listens.
 * Throws `control.busy` when another agent answers there, `control.socket` when one cannot be opened.
 */
export const serveControl = async (
  {path, groups = GROUPS, ...options}: ServeOptions,
  signal: AbortSignal,
): Promise<ControlServer> => {
  signal.throwIfAborted();
  const operatePath = operatePathOf(path);
  const look = await listen({path, group: groups.look, operatePath, ...options});
  const operate = await listen({
    path: operatePath,
    group: groups.operate,
    operatePath: null,
    ...options,
  }).catch(async error => {
    await look.close();
    throw error;
  });
  const close = async (): Promise<void> => void (await Promise.all([look.close(), operate.close()]));
  signal.addEventListener('abort', () => void close(), {once: true});
  if (signal.aborted) await close();
  return {close};
};

/** Of each socket: who may only look cannot keep out who may change. */
const CONNECTIONS = 32;

type Listening = Omit<ServeOptions, 'groups'> &
  Pick<Connection, 'operatePath'> & {
    readonly group: string;
  };

const listen = async ({path, group, ...options}: Listening): Promise<ControlServer> => {
  const stop = new AbortController();
  const sockets = new Set<Socket>();
  const server = createServer({allowHalfOpen: true}, socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    void converse(socket, options, stop.signal);
  });
  server.maxConnections = CONNECTIONS;
  await openSocket(server, {path, group});
  const close = async (): Promise<void> => {
    stop.abort();
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  return {close};
};

const CLIENT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 60_000;

// A client that is late, gone or broken only ever costs its own connection.
const converse = async (
  socket: Socket,
  {
    clientTimeoutMs = CLIENT_TIMEOUT_MS,
    answerTimeoutMs = ANSWER_TIMEOUT_MS,
    operatePath,
    ...answering
  }: Omit<Listening, 'path' | 'group'>,
  stop: AbortSignal,
): Promise<void> => {
  socket.on('error', () => socket.destroy());
  const drop = () => socket.destroy();
  let late = setTimeout(drop, clientTimeoutMs);
  socket.on('close', () => clearTimeout(late));
  const json = await readAll(socket, REQUEST_LIMIT).catch(() => null);
  clearTimeout(late);
  if (stop.aborted) socket.destroy();
  if (socket.destroyed) return;
  late = setTimeout(drop, answerTimeoutMs + clientTimeoutMs);
  const nameOf: Connection['nameOf'] = async (claim, until) =>
    callerText(await callerOf(socket, until), claim);
  const asked = {answering, connection: {operatePath, nameOf}};
  const answered = (request: string): Promise<Response> =>
    withTimeLimit({timeoutMs: answerTimeoutMs}, bounded => answer(request, asked, bounded), stop);
  socket.end(JSON.stringify(json === null ? TOO_LONG : await answered(json)));
  // what is left of a request that was too long, so that the client can end
  socket.resume();
};

const TOO_LONG: Response = refusal(
  reason('control.request', {expected: `at most ${REQUEST_LIMIT} bytes`, got: 'more'}),
);
