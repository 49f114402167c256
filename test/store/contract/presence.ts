import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import type {Test} from 'tap';
import type {Reason} from '../../../agent/core/reason.ts';
import type {Presence, PresenceOptions} from '../../../agent/ports.ts';
import {eventually} from '../../support/eventually.ts';
import type {ContractOptions, Opened} from '../contract.ts';
import {collect} from './watch.ts';

const never = new AbortController().signal;
const KEY = 'web/hosts/i-1';

/** A key that is there while its holder lives. */
export const presenceContract = async (t: Test, options: ContractOptions): Promise<void> => {
  await t.test('set, keep and release', t => lifetime(t, options));
  await t.test('the first holder keeps it', t => firstHolder(t, options));
  await t.test('a host pushes its own older process aside', t => takeOver(t, options));
  await t.test('taking over leaves no gap', t => noGap(t, options));
  await t.test('it vanishes after its holder was killed', t => killed(t, options));
  await t.test('deleted by an operator it is lost, and set again', t => deleted(t, options));
};

const lostOf = (presence: Presence): Reason[] => {
  const causes: Reason[] = [];
  presence.onLost(cause => causes.push(cause));
  return causes;
};

const lifetime = async (t: Test, {open, ttlMs, latencyMs}: ContractOptions): Promise<void> => {
  const {store, second} = await open(t);
  const watch = collect(t, second, 'web/hosts/');
  const presence = store.presence({key: KEY, ttlMs, takeOver: true});
  const lost = lostOf(presence);
  t.equal(presence.held(), false, 'is not held at first');
  t.equal(await presence.set('serving', never), true);
  t.equal(presence.held(), true);
  t.match(await second.get(KEY, never), {key: KEY, value: 'serving'}, 'is a key like any other');
  t.equal(await presence.set('staging', never), true, 'its value can change');
  t.equal((await second.get(KEY, never))?.value, 'staging');
  const until = Date.now() + ttlMs * 2.5;
  await eventually('it to be kept', () => Date.now() > until, {timeoutMs: ttlMs * 3});
  t.match(
    await second.list('web/', never),
    [{key: KEY, value: 'staging'}],
    'is there after 2.5 times its TTL',
  );
  t.equal(presence.held(), true);
  await presence.release(never);
  t.equal(presence.held(), false);
  t.equal(await second.get(KEY, never), null, 'is gone once it is released');
  await eventually('the watch to say so', () => watch.last() === '', {timeoutMs: latencyMs * 4});
  t.equal(await presence.set('back', never), true, 'can be set again');
  await presence.release(never);
  t.same(lost, [], 'and a release is no loss');
};

const firstHolder = async (t: Test, {open, ttlMs}: ContractOptions): Promise<void> => {
  const {store, second} = await open(t);
  const options = {key: 'web/coordinator', ttlMs, takeOver: false};
  const [a, b] = [store.presence(options), second.presence(options)];
  const won = await Promise.all([a.set('a', never), b.set('b', never)]);
  t.same([...won].sort(), [false, true], 'of two that want it at once one has it');
  const [holder, other, name] = won[0] ? [a, b, 'a'] : [b, a, 'b'];
  t.equal(await other.set('me', never), false, 'and keeps it');
  t.same([holder.held(), other.held()], [true, false]);
  t.equal((await store.get(options.key, never))?.value, name, 'a refused set writes nothing');
  await other.release(never);
  t.equal((await store.get(options.key, never))?.value, name, 'nor does a release by who has it not');
  await holder.release(never);
  t.equal(await other.set('me', never), true, 'after a release it is free at once');
  await other.release(never);
};

const takeOver = async (t: Test, {open, ttlMs}: ContractOptions): Promise<void> => {
  const {store, second} = await open(t);
  const options = {key: KEY, ttlMs, takeOver: true};
  const [older, newer] = [store.presence(options), second.presence(options)];
  const lost = lostOf(older);
  t.equal(await older.set('older', never), true);
  t.equal(await newer.set('newer', never), true);
  t.equal((await store.get(KEY, never))?.value, 'newer');
  await eventually('the older to be told', () => lost.length > 0, {timeoutMs: ttlMs * 2});
  t.match(lost, [{kind: 'presence.lost', details: {key: KEY}}], 'once');
  t.equal(older.held(), false);
  await older.release(never);
  t.equal((await store.get(KEY, never))?.value, 'newer', 'the older cannot take it away');
  await newer.release(never);
};

const noGap = async (t: Test, {open, ttlMs, latencyMs}: ContractOptions): Promise<void> => {
  const {store, second} = await open(t);
  const watch = collect(t, second, 'web/hosts/');
  const options = {key: KEY, ttlMs, takeOver: true};
  t.equal(await store.presence(options).set('0', never), true);
  for (let n = 1; n <= 8; n += 1) {
    t.equal(await store.presence(options).set(String(n), never), true);
    await eventually('the watch', () => watch.last() === `${KEY}=${n}`, {timeoutMs: latencyMs * 4 + 2_000});
  }
  const shown = watch.updates.map(update => (update.type === 'value' ? update.entries.length : update.type));
  t.ok(
    shown.slice(shown.indexOf(1)).every(count => count === 1),
    `the key was always there (${shown.join()})`,
  );
};

const startHolder = async (t: Test, opened: Opened, options: PresenceOptions): Promise<ChildProcess> => {
  const {settings, tuning} = opened;
  const argument = JSON.stringify({settings, tuning, options, value: 'from a child'});
  const child = spawn(process.execPath, [join(import.meta.dirname, '../hold-presence.ts'), argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = await once(createInterface(child.stdout), 'line', {signal: AbortSignal.timeout(20_000)});
  t.equal(line, 'true', 'a child process holds it');
  return child;
};

const killed = async (t: Test, {open, ttlMs, latencyMs}: ContractOptions): Promise<void> => {
  const opened = await open(t);
  const {store, second} = opened;
  const options = {key: KEY, ttlMs, takeOver: false};
  const child = await startHolder(t, opened, options);
  const watch = collect(t, second, 'web/hosts/');
  await eventually('the watch to begin', () => watch.last() === `${KEY}=from a child`);
  const presence = store.presence(options);
  t.equal(await presence.set('mine', never), false, 'nobody else gets it');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const killedAt = Date.now();
  t.equal(await presence.set('mine', never), false, 'not even right after its death');
  const timeoutMs = ttlMs * 2.5 + latencyMs * 4;
  await eventually('the watch to say that it is gone', () => watch.last() === '', {timeoutMs});
  t.comment(`gone after ${Date.now() - killedAt} ms with a TTL of ${ttlMs} ms`);
  t.equal(await store.get(KEY, never), null);
  t.equal(await presence.set('mine', never), true, 'then it is free');
  await eventually('the watch to see the new holder', () => watch.last() === `${KEY}=mine`, {timeoutMs});
  await presence.release(never);
};

const deleted = async (t: Test, {open, ttlMs}: ContractOptions): Promise<void> => {
  const {store, second} = await open(t);
  const presence = store.presence({key: KEY, ttlMs, takeOver: true});
  const lost = lostOf(presence);
  t.equal(await presence.set('one', never), true);
  await second.delete(KEY, 'any', never);
  await eventually('the loss to be told', () => lost.length > 0, {timeoutMs: ttlMs * 2});
  t.equal(presence.held(), false);
  t.equal(await presence.set('two', never), true, 'it can be set again');
  t.equal((await second.get(KEY, never))?.value, 'two');
  await presence.release(never);
  t.equal(lost.length, 1);
};
