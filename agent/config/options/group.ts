import {bad, good, type Kind} from './kind.ts';

/** As useradd(8) and directory services name groups: nothing that begins an option, ends a field or is a path. */
const NAME = /^[A-Za-z_][A-Za-z0-9._@-]{0,63}\$?$/;
/** One more is (gid_t) -1: "leave it as it is" to chown(2). */
const MAX = 4_294_967_294;

/** A group of the host, by its name or its number, as text. */
export const userGroup: Kind<string> = {
  expected: 'a group of this host: its name, such as "web", or its number',
  read: value => {
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    const isGroup = /^\d{1,10}$/.test(text) ? Number(text) <= MAX : NAME.test(text);
    return isGroup ? good(text) : bad;
  },
};
