import {readFile} from 'node:fs/promises';
import type {Socket} from 'node:net';
import {printable} from '../core/printable.ts';
import {run} from '../host/process/process.ts';

/** Who is at the other end of a connection, as the kernel knows it. */
export interface Caller {
  readonly uid: number;
  /** null when /etc/passwd has no such user */
  readonly user: string | null;
}

const TIMEOUT_MS = 5_000;
const NAME_LIMIT = 64;

/**
 * SO_PEERCRED of unix(7), which Node does not give: the process, user and group that called connect(2). They never change, and
 * whoever is gone since is still told. Perl (essential on Debian) asks on our own descriptor.
 */
const ASK = '$_ = getsockopt(STDIN, 1, 17) or exit 1; print((unpack "lLL")[1])';

/** Gives who connected; null where that cannot be asked (no perl). */
export const callerOf = async (socket: Socket, signal: AbortSignal): Promise<Caller | null> => {
  const uid = await peerUid(socket, signal);
  return uid === null ? null : {uid, user: await userOf(uid)};
};

const peerUid = async (socket: Socket, signal: AbortSignal): Promise<number | null> => {
  // Read and handed on at once: a descriptor that was closed meanwhile could be another connection's.
  const {_handle: handle} = socket as unknown as {readonly _handle: {readonly fd: number} | null};
  if (!handle || handle.fd < 0) return null;
  const options = {timeoutMs: TIMEOUT_MS, inputFd: handle.fd};
  const asked = await run('perl', ['-e', ASK], options, signal).catch(() => null);
  signal.throwIfAborted();
  return asked && /^\d+$/.test(asked.stdout) ? Number(asked.stdout) : null;
};

const userOf = async (uid: number): Promise<string | null> => {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const [user, , id] = line.split(':');
    if (user && id === String(uid)) return printable(user, NAME_LIMIT);
  }
  return null;
};

/**
 * The caller in words: `ada (1000)`. What the client says of itself is only told where root speaks for somebody (sudo), as a
 * claim: `root (0), says ada`.
 */
export const callerText = (caller: Caller | null, claim: string): string => {
  const said = `says ${printable(claim, NAME_LIMIT)}`;
  if (!caller) return `unnamed, ${said}`;
  const {uid, user} = caller;
  const known = user === null ? `user ${uid}` : `${user} (${uid})`;
  return uid === 0 && claim !== user ? `${known}, ${said}` : known;
};
