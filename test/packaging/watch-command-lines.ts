import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {SECRETS} from './secret-host.ts';

const EVERY_MS = 15;

/** Looks at the command lines of all processes of a machine again and again: who looked at `ps` would have seen the same. */
export const watchCommandLines = (init: number) => {
  const namespace = readlinkSync(`/proc/${init}/ns/pid`);
  const seen = new Set<string>();
  const look = (): void => {
    for (const pid of readdirSync('/proc')) if (/^\d+$/.test(pid)) add(pid);
  };
  const add = (pid: string): void => {
    try {
      if (readlinkSync(`/proc/${pid}/ns/pid`) !== namespace) return;
      seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    } catch {
      // it is gone
    }
  };
  const timer = setInterval(look, EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      const leaks = [...seen].filter(line => Object.values(SECRETS).some(secret => line.includes(secret)));
      return {seen: seen.size, leaks};
    },
  };
};
