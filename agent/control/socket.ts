import {once} from 'node:events';
import {chmod, chown, mkdir, unlink} from 'node:fs/promises';
import {connect, type Server} from 'node:net';
import {dirname} from 'node:path';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {localGroup} from '../host/groups.ts';

/** sun_path of unix(7), without its closing zero */
const PATH_LIMIT = 107;

/**
 * Makes the server listen on the path, for root and the group: mode 0660. A socket that nobody listens on is replaced.
 * Throws `control.busy` when somebody does, `control.socket` when it cannot be opened.
 */
export const openSocket = async (
  server: Server,
  {path, group}: {readonly path: string; readonly group: string},
): Promise<void> => {
  try {
    if (Buffer.byteLength(path) > PATH_LIMIT) throw new Error(`the path is over ${PATH_LIMIT} bytes long`);
    await mkdir(dirname(path), {recursive: true, mode: 0o755});
    await removeStale(path);
    server.listen(path);
    await once(server, 'listening');
    await giveToGroup(path, group);
    await chmod(path, 0o660);
  } catch (error) {
    server.close();
    if (error instanceof ReasonError) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new ReasonError(reason('control.socket', {path, cause}), {cause: error});
  }
};

/** Throws `control.busy` when an agent answers on the path; touches nothing. */
export const refuseBusy = async (path: string): Promise<void> => {
  if ((await probe(path)) === 'answers') throw new ReasonError(reason('control.busy', {path}));
};

const removeStale = async (path: string): Promise<void> => {
  await refuseBusy(path);
  if ((await probe(path)) === 'stale') await unlink(path);
};

const probe = async (path: string): Promise<'answers' | 'stale' | 'absent'> => {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return 'answers';
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'absent';
    if (code === 'ECONNREFUSED') return 'stale';
    throw error;
  } finally {
    socket.destroy();
  }
};

// An agent that is not root can give the socket only to a group it is in; without one the socket stays its own.
const giveToGroup = async (path: string, group: string): Promise<void> => {
  const number = await localGroup(group);
  if (number === null) return;
  await chown(path, -1, number).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPERM') throw error;
  });
};
