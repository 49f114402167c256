import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {createInterface} from 'node:readline';

/** What QEMU says; who calls a command knows the shape of its answer. */
export type Json = null | boolean | number | string | readonly Json[] | {readonly [key: string]: Json};

export interface Rpc {
  /** Runs one command; an error names the command and quotes QEMU's words. */
  call(command: string, args?: Json, options?: {readonly timeoutMs?: number}): Promise<Json>;
  /** The data of the next event of this name that satisfies `which`. */
  event(name: string, which: (data: Json) => boolean, timeoutMs: number): Promise<Json>;
  /** True once QEMU or we closed the socket. */
  closed(): boolean;
  close(): void;
}

/**
 * Speaks to a QEMU unix socket: one JSON object a line, answers matched to requests by id. The monitor (QMP) and the guest
 * agent use the same protocol (QEMU docs/interop/qmp-spec).
 */
export const connectRpc = async (path: string): Promise<Rpc> => {
  const socket = connect(path);
  await once(socket, 'connect');
  const pick = createInbox(socket);
  let lastId = 0;
  return {
    call: (command, args, {timeoutMs = 15_000} = {}) => {
      const id = ++lastId;
      const answer = pick(`QEMU's ${command}`, timeoutMs, message => {
        if (field(message, 'id') !== id) return undefined;
        const refused = field(message, 'error');
        if (refused !== null) throw new Error(`QEMU refused ${command}: ${String(field(refused, 'desc'))}`);
        return field(message, 'return');
      });
      socket.write(
        `${JSON.stringify({execute: command, id, ...(args !== undefined && {arguments: args})})}\n`,
      );
      return answer;
    },
    event: (name, which, timeoutMs) =>
      pick(`QEMU's event ${name}`, timeoutMs, message => {
        const data = field(message, 'data');
        return field(message, 'event') === name && which(data) ? data : undefined;
      }),
    closed: () => socket.destroyed,
    close: () => socket.destroy(),
  };
};

/** The member `key` of a JSON object, or null. */
export const field = (json: Json | undefined, key: string): Json =>
  typeof json === 'object' && json !== null ? ((json as {readonly [key: string]: Json})[key] ?? null) : null;

/** The members of a JSON array, or none. */
export const list = (json: Json): readonly Json[] => (Array.isArray(json) ? (json as readonly Json[]) : []);

type Pick = (what: string, timeoutMs: number, choose: (message: Json) => Json | undefined) => Promise<Json>;

/** Waits for the first message that `choose` makes something of; what it throws is the outcome too. */
const createInbox = (socket: Socket): Pick => {
  const waiting = new Set<(message: Json | Error) => void>();
  const tell = (message: Json | Error): void => {
    for (const take of waiting) take(message);
  };
  createInterface({input: socket})
    .on('line', line => tell(parse(line)))
    .on('error', () => {}); // it repeats the socket's
  socket.on('error', () => {}).on('close', () => tell(new Error('QEMU closed its socket')));
  return (what, timeoutMs, choose) => {
    const {promise, resolve, reject} = Promise.withResolvers<Json>();
    const take = (message: Json | Error): void => {
      try {
        if (message instanceof Error) throw message;
        const chosen = choose(message);
        if (chosen !== undefined) resolve(chosen);
      } catch (error) {
        reject(error);
      }
    };
    const timer = setTimeout(() => reject(new Error(`waited ${timeoutMs} ms for ${what}`)), timeoutMs);
    waiting.add(take);
    return promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(take);
    });
  };
};

// A guest that is cut off in the middle of an answer leaves half a line.
const parse = (line: string): Json => {
  try {
    return JSON.parse(line) as Json;
  } catch {
    return null;
  }
};
