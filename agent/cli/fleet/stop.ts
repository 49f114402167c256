/** freeze, thaw, lock, unlock: what operators put into the store to stop a fleet, or others from moving it. */

import {lockedBy} from '../../core/fleet/operate/bump.ts';
import {isSameOperator} from '../../core/fleet/operate/operator.ts';
import {readFreeze, readLock} from '../../core/fleet/stops.ts';
import {reason, reasonText} from '../../core/reason.ts';
import {utcText} from '../../core/utc.ts';
import type {Entry} from '../../ports.ts';
import {EXIT, type Terminal} from '../terminal.ts';
import {asker} from '../verb.ts';
import {agreed, done} from './reach/answer.ts';
import type {ChangeOptions, FleetOptions} from './reach/options.ts';
import {type Reach, Refusal} from './reach/reach.ts';
import {expecting} from './reach/write.ts';

/** Nobody gets a permit from now on. */
export const freeze = async (
  reach: Reach,
  {message, ...options}: FleetOptions & {readonly message: string},
  terminal: Terminal,
): Promise<number> => {
  const {store, keys, name, signal} = reach;
  const by = asker(terminal);
  const document = JSON.stringify({by, note: words(message), at: Date.now()});
  if ((await store.put(keys.freeze, document, 'absent', signal)).ok)
    return done(
      `${name} is frozen: no host begins to leave traffic; those that are out go on to the end. "agentctl thaw" ends it`,
      options,
      terminal,
    );
  const found = await store.get(keys.freeze, signal);
  throw new Refusal(
    'permit.frozen',
    found ? frozenText(found) : `${keys.freeze} came and went meanwhile: ask again`,
  );
};

/** The fleet goes on. */
export const thaw = async (reach: Reach, options: ChangeOptions, terminal: Terminal): Promise<number> => {
  const {store, keys, name, signal} = reach;
  const found = await store.get(keys.freeze, signal);
  if (!found) throw new Refusal('operator.nothing', `${name} is not frozen`);
  const {by} = readFreeze(found.value);
  const plan = `${name} goes on where it stood. It was told: ${frozenText(found)}.`;
  if (!isSameOperator(by, asker(terminal)) && !(await agreed(plan, options, terminal))) return EXIT.refused;
  if (!(await store.delete(keys.freeze, {version: found.version}, signal)))
    throw new Refusal(
      'operator.meanwhile',
      `${keys.freeze} was changed meanwhile: look at it, and ask again`,
    );
  return done(`${name} goes on; it is no longer told: ${frozenText(found)}`, options, terminal);
};

const frozenText = ({value}: Entry): string => {
  const {by, note, at} = readFreeze(value);
  return reasonText(reason('permit.frozen', {by, note, since: at === null ? '' : utcText(at)}));
};

interface LockOptions extends ChangeOptions {
  readonly message: string;
  readonly break?: true;
}

/** Nobody else begins a rollout. */
export const lock = async (reach: Reach, options: LockOptions, terminal: Terminal): Promise<number> => {
  const {store, keys, name, signal} = reach;
  const by = asker(terminal);
  const found = await store.get(keys.lock, signal);
  const theirs = found && othersLock(found, by);
  if (theirs !== null && !options.break) throw new Refusal('permit.locked', `${theirs}. ${BREAK}`);
  if (theirs !== null && !(await agreed(`This lock is broken: ${theirs}.`, options, terminal)))
    return EXIT.refused;
  const broke = theirs === null ? '' : ` (broke a lock: ${theirs})`;
  const document = JSON.stringify({by, why: `${words(options.message)}${broke}`, at: Date.now()});
  if (!(await store.put(keys.lock, document, expecting(found), signal)).ok) throw changed(keys.lock);
  return done(
    `${name} is locked: nobody but ${by} begins a rollout until "agentctl unlock"${broke}`,
    options,
    terminal,
  );
};

interface UnlockOptions extends ChangeOptions {
  readonly break?: true;
}

/** Everybody who may write the key begins rollouts again. */
export const unlock = async (reach: Reach, options: UnlockOptions, terminal: Terminal): Promise<number> => {
  const {store, keys, name, signal} = reach;
  const found = await store.get(keys.lock, signal);
  if (!found) throw new Refusal('operator.nothing', `${name} is not locked`);
  const theirs = othersLock(found, asker(terminal));
  if (theirs !== null && !options.break) throw new Refusal('permit.locked', `${theirs}. ${BREAK}`);
  if (theirs !== null && !(await agreed(`This lock is broken: ${theirs}.`, options, terminal)))
    return EXIT.refused;
  if (!(await store.delete(keys.lock, {version: found.version}, signal))) throw changed(keys.lock);
  const text =
    theirs === null
      ? `${name} is no longer locked`
      : `${name} is no longer locked; this was broken: ${theirs}`;
  return done(text, options, terminal);
};

const BREAK = 'Ask them, or add --break';

/** A lock of somebody else in words; null when it is one's own. */
const othersLock = ({value}: Entry, by: string): string | null => {
  const held = readLock(value);
  return isSameOperator(held.by, by) ? null : reasonText(lockedBy(held));
};

const changed = (key: string): Refusal =>
  new Refusal('operator.meanwhile', `${key} was changed meanwhile: look at it, and ask again`);

const words = (text: string): string => {
  const trimmed = text.trim();
  if (trimmed === '')
    throw new Refusal('operator.words', 'the message is empty: say why, for the next who looks', EXIT.usage);
  return trimmed;
};
