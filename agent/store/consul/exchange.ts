import type {ClientRequest, IncomingMessage} from 'node:http';
import {unreachable} from '../key.ts';

const ANSWER_LIMIT = 64 * 1_048_576;

/**
 * Sends a request and waits for the head of its answer. A kept connection may have been closed by the other side just
 * before it was used again: what is repeatable is then sent once more, on a new one.
 */
export const responseTo = async (
  begin: () => ClientRequest,
  {body, repeatable}: {readonly body: string | undefined; readonly repeatable: boolean},
): Promise<IncomingMessage> => {
  const request = begin();
  try {
    return await headOf(request, body);
  } catch (error) {
    if (!repeatable || !request.reusedSocket || isAborted(error)) throw error;
    return headOf(begin(), body);
  }
};

/** The whole body as text, bytes that are not UTF-8 as U+FFFD. Throws when the peer dies before its last byte. */
export const textOf = async (store: string, response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > ANSWER_LIMIT) throw unreachable(store, `an answer of more than ${ANSWER_LIMIT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/**
 * Runs network work that ends with its signal. Throws `store.unreachable` past the deadline or with the system's error,
 * and the caller's own reason when it was aborted.
 */
export const withDeadline = async <T>(
  {store, deadlineMs}: {readonly store: string; readonly deadlineMs: number},
  work: (ending: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> => {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const timer = setTimeout(end, deadlineMs);
  signal.addEventListener('abort', end, {once: true});
  try {
    return await work(ending.signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (ending.signal.aborted) throw unreachable(store, `no answer in ${Math.round(deadlineMs / 1000)} s`);
    if (error instanceof Error && error.name === 'ReasonError') throw error;
    throw unreachable(store, textOfError(error), {cause: error});
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
};

const headOf = (request: ClientRequest, body: string | undefined): Promise<IncomingMessage> => {
  const {promise, resolve, reject} = Promise.withResolvers<IncomingMessage>();
  request.on('response', resolve).on('error', reject);
  request.end(body);
  return promise;
};

const isAborted = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

// Connecting to a name with several addresses fails with an error per address and no message of its own.
const textOfError = (error: unknown): string => {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(textOfError))].join(', ');
  return error instanceof Error ? error.message : String(error);
};
