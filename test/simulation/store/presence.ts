import {reason} from '../../../agent/core/reason.ts';
import type {Presence, PresenceOptions} from '../../../agent/ports.ts';
import type {Timeline} from '../timeline.ts';
import {type Link, request} from './link.ts';
import type {Server, Session} from './server.ts';

interface Parts {
  readonly timeline: Timeline;
  readonly server: Server;
  readonly link: Link;
  readonly isAlive: () => boolean;
  readonly by: string;
}

/** A presence, and the look at whether it is kept: one for all, now and then. */
export interface Kept {
  readonly presence: Presence;
  look(): void;
  /** how long the loss of the session goes unnoticed from now on, ms */
  delay(ms: number): void;
}

/** Keeps a key by a session that lasts while the agent lives and gets through. */
export const keepPresence = (parts: Parts, {key, ttlMs, takeOver}: PresenceOptions): Kept => {
  const {timeline, server, link, isAlive, by} = parts;
  const listeners: ((cause: ReturnType<typeof reason>) => void)[] = [];
  let session: Session | null = null;
  let isHeld = false;
  let isKept = true;
  let renewedAt = 0;
  let quietUntil = 0;
  let lookedAt = 0;
  let written = '';
  let isSetting = false;

  const newSession = (): Session => {
    const lastsMs = ttlMs * link.random.between(1, 2);
    const made: Session = {
      lastsMs,
      seenAt: 0,
      isRenewed: () => isKept && isAlive() && link.isOpen && session === made,
    };
    server.begin(made);
    return made;
  };
  const take = (value: string): boolean => {
    if (!session || !server.isAlive(session)) session = newSession();
    const holder = server.holder(key);
    if (holder && holder !== session && server.isAlive(holder) && !takeOver) return false;
    server.put({key, value, expected: 'any', session, by});
    return true;
  };
  const lose = (cause: string): void => {
    isHeld = false;
    session = null;
    for (const listener of listeners) listener(reason('presence.lost', {key, cause}));
  };
  /** Why it is lost, as a renewal finds. */
  const renew = (): string | null => {
    if (session && !server.isAlive(session)) return 'its session is gone';
    renewedAt = timeline.now();
    if (isSetting || renewedAt - lookedAt <= ttlMs) return null;
    lookedAt = renewedAt; // the key itself is looked at now and then
    return server.get(key)?.value === written ? null : 'it is not what was written';
  };
  const fade = (): string | null => (timeline.now() - renewedAt >= ttlMs ? 'no answer' : null);
  return {
    presence: {
      set: async (value, signal) => {
        isKept = true;
        link.cost.bytes += value.length;
        isSetting = true;
        const taken = await request(parts, () => take(value), signal).finally(() => {
          isSetting = false;
        });
        if (taken) {
          renewedAt = timeline.now();
          written = value;
        } else if (isHeld) lose('another holder has it');
        isHeld = taken;
        return taken;
      },
      held: () => isHeld,
      onLost: listener => void listeners.push(listener),
      release: async signal => {
        isHeld = false;
        isKept = false;
        const mine = session;
        await request(parts, () => mine && server.end(mine), signal);
      },
    },
    look: () => {
      if (!isHeld || !isAlive() || timeline.now() < quietUntil) return;
      const cause = link.isOpen && server.health === 'up' ? renew() : fade();
      if (cause !== null) lose(cause);
    },
    delay: ms => {
      quietUntil = timeline.now() + ms;
    },
  };
};
