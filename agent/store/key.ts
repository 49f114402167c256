import {quote} from '../core/quote.ts';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';

const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;
const KEY_LIMIT = 512;
const EXPECTED = `parts of [A-Za-z0-9._-] divided by "/", none empty, beginning with a dot or longer than 128 (${KEY_LIMIT} in all)`;

/** Bytes a value may have: a Consul transaction carries 512 KiB of base64 (agent/txn_endpoint.go), the rest is room for its frame. */
export const VALUE_LIMIT = 262_144;

/** True for a complete key. A part may not begin with a dot: `..` would leave the prefix, and dot files are the directory's own. */
export const isKey = (text: string): boolean =>
  text.length <= KEY_LIMIT && text.split('/').every(part => SEGMENT.test(part));

/** Throws `store.refused` unless `key` is a complete key. */
export const checkKey = (store: string, key: string): void => {
  if (!isKey(key)) throw refused(store, `the key ${quote(key)}: expected ${EXPECTED}`);
};

/** Throws `store.refused` unless some key could begin with `prefix`; the empty prefix means every key. */
export const checkPrefix = (store: string, prefix: string): void => {
  if (!isKey(`${prefix}x`)) throw refused(store, `the prefix ${quote(prefix)}: expected ${EXPECTED}`);
};

/** Throws `store.refused` unless `target` is a key, or a prefix that ends with a slash. */
export const checkTarget = (store: string, target: string): void =>
  target.endsWith('/') ? checkPrefix(store, target) : checkKey(store, target);

/** Throws `store.refused` when a value is longer than `VALUE_LIMIT` bytes. */
export const checkValue = (store: string, key: string, value: string): void => {
  const bytes = Buffer.byteLength(value);
  if (bytes > VALUE_LIMIT)
    throw refused(store, `the value of ${key}: expected at most ${VALUE_LIMIT} bytes, got ${bytes}`);
};

/** Orders entries by key, by code unit, as every adapter lists them. */
export const byKey = (a: {readonly key: string}, b: {readonly key: string}): number =>
  a.key < b.key ? -1 : a.key > b.key ? 1 : 0;

/** The `ReasonError` for a request that the store will not do however often it is repeated. */
export const refused = (store: string, cause: string, options?: ErrorOptions): ReasonError =>
  new ReasonError(reason('store.refused', {store, cause}), options);

/** The `ReasonError` for a store that does not answer, or not now. */
export const unreachable = (store: string, cause: string, options?: ErrorOptions): ReasonError =>
  new ReasonError(reason('store.unreachable', {store, cause}), options);
