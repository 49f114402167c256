import type {Socket} from 'node:net';

/** Everything the peer sends until it ends its half, as text. Throws when it is more than `limit` bytes. */
export const readAll = async (socket: Socket, limit: number): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of socket.iterator({destroyOnReturn: false})) {
    size += (chunk as Buffer).length;
    if (size > limit) throw new Error(`more than ${limit} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
};
