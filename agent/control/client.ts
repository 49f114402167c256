import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {LOOKING, operatePathOf, RESPONSE_LIMIT, type Request, type Response} from './protocol.ts';
import {readAll} from './read-all.ts';
import {readResponse} from './response.ts';

/** No usable answer came from the agent. `cause` of the message is in words for an operator. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/**
 * Asks the agent behind the sockets and gives its response; `path` is the one for looking. Throws `NoAnswerError` when nobody
 * listens, the socket may not be used, nothing comes before `timeoutMs`, or what comes is not a response.
 */
export const ask = async <R extends Request>(
  path: string,
  request: R,
  {timeoutMs = 70_000}: {readonly timeoutMs?: number} = {},
): Promise<Response<R['verb']>> => {
  if (LOOKING.includes(request.verb)) return askOn(path, request, timeoutMs);
  try {
    return await askOn(operatePathOf(path), request, timeoutMs);
  } catch (error) {
    // An agent from before there were two sockets runs on until its restart: a shutdown must still find it.
    if (error instanceof NoAnswerError && isAbsent(error.cause)) return askOn(path, request, timeoutMs);
    throw error;
  }
};

const askOn = async <R extends Request>(
  path: string,
  request: R,
  timeoutMs: number,
): Promise<Response<R['verb']>> => {
  const socket = connect({path, allowHalfOpen: true});
  const late = AbortSignal.timeout(timeoutMs);
  const drop = () => socket.destroy(new Error(`nothing came in ${timeoutMs / 1000} s`));
  late.addEventListener('abort', drop);
  try {
    return readResponse<R['verb']>(request.verb, await exchange(socket, request));
  } catch (error) {
    const cause = explain(error, LOOKING.includes(request.verb));
    throw new NoAnswerError(`the agent does not answer on ${path}: ${cause}`, {cause: error});
  } finally {
    late.removeEventListener('abort', drop);
    socket.destroy();
  }
};

const exchange = async (socket: Socket, request: Request): Promise<string> => {
  await once(socket, 'connect');
  socket.end(JSON.stringify(request));
  const json = await readAll(socket, RESPONSE_LIMIT);
  if (json === '') throw new Error('it closed the connection without an answer');
  return json;
};

const isAbsent = (error: unknown): boolean =>
  ['ENOENT', 'ECONNREFUSED'].includes(String((error as NodeJS.ErrnoException | undefined)?.code));

const explain = (error: unknown, looks: boolean): string => {
  const {code, message} = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'there is no such socket. Does it run? "systemctl status release-agentd" says';
    case 'ECONNREFUSED':
      return 'nobody listens. Does it run? "systemctl status release-agentd" says';
    case 'EACCES':
    case 'EPERM':
      return looks
        ? 'you may not use it. Try sudo, or join the group release-agent'
        : 'you may not use it: changes are for root and the group release-agent-operators. Try sudo';
    default:
      return message;
  }
};
