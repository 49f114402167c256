import {once} from 'node:events';
import {connect} from 'node:net';
import {RESPONSE_LIMIT, type Request, type Response} from './protocol.ts';
import {readAll} from './read-all.ts';
import {readResponse} from './response.ts';

/** No usable answer came from the agent. `cause` of the message is in words for an operator. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/**
 * Asks the agent behind the socket and gives its response. Throws `NoAnswerError` when nobody listens, the socket may not
 * be used, nothing comes before `timeoutMs`, or what comes is not a response.
 */
export const ask = async <R extends Request>(
  path: string,
  request: R,
  {timeoutMs = 70_000}: {readonly timeoutMs?: number} = {},
): Promise<Response<R['verb']>> => {
  const socket = connect({path, allowHalfOpen: true});
  const late = AbortSignal.timeout(timeoutMs);
  const drop = () => socket.destroy(new Error(`nothing came in ${timeoutMs / 1000} s`));
  late.addEventListener('abort', drop);
  try {
    await once(socket, 'connect');
    socket.end(JSON.stringify(request));
    const json = await readAll(socket, RESPONSE_LIMIT);
    if (json === '') throw new Error('it closed the connection without an answer');
    return readResponse<R['verb']>(request.verb, json);
  } catch (error) {
    throw new NoAnswerError(`the agent does not answer on ${path}: ${explain(error)}`, {cause: error});
  } finally {
    late.removeEventListener('abort', drop);
    socket.destroy();
  }
};

const explain = (error: unknown): string => {
  const {code, message} = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'there is no such socket. Does it run? "systemctl status release-agentd" says';
    case 'ECONNREFUSED':
      return 'nobody listens. Does it run? "systemctl status release-agentd" says';
    case 'EACCES':
    case 'EPERM':
      return 'you may not use it. Try sudo, or join the group release-agent';
    default:
      return message;
  }
};
