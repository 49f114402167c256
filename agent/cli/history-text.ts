import type {HistoryEntry} from '../control/protocol.ts';
import {shortId} from '../core/release.ts';
import {table} from './layout.ts';

/** The text of `agentctl history`: one line per entry, newest first, in UTC. */
export const historyText = (entries: readonly HistoryEntry[]): string =>
  entries.length === 0
    ? 'nothing happened here yet'
    : table(
        entries.map(({at, release, text}) => [time(at), release === null ? '-' : shortId(release), text]),
      );

const time = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 19);
