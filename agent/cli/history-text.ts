import type {HistoryEntry} from '../control/protocol.ts';
import {table} from './layout.ts';
import {short} from './report.ts';

/** The text of `agentctl history`: one line per entry, newest first, in UTC. */
export const historyText = (entries: readonly HistoryEntry[]): string =>
  entries.length === 0
    ? 'nothing happened here yet'
    : table(entries.map(({at, release, text}) => [time(at), release === null ? '-' : short(release), text]));

const time = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 19);
