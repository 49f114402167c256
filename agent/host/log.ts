import {fstatSync} from 'node:fs';
import process from 'node:process';
import {escaped, isPrintable} from '../core/printable.ts';
import type {Fields, Log} from '../ports.ts';

/** Syslog's priorities (sd-daemon(3)); the order is that of `log-level`. */
const PRIORITY = {debug: 7, info: 6, warning: 4, error: 3} as const;

export type LogLevel = keyof typeof PRIORITY;

export interface LogOptions {
  /** entries below it are dropped */
  readonly level: LogLevel;
  /** where a line (with its newline) goes; standard error unless told */
  readonly write?: (line: string) => void;
  /** lines begin with journald's `<6>` instead of time and level; found out by itself for standard error */
  readonly journald?: boolean;
}

/** Makes a log of one line per entry: the message, then its fields as `key=value`, quoted where they need it. */
export const createLog = ({level, write = toStderr, journald = stderrIsJournal()}: LogOptions): Log => {
  const at =
    (own: LogLevel) =>
    (message: string, fields: Fields = {}): void => {
      if (PRIORITY[own] > PRIORITY[level]) return;
      const head = journald ? `<${PRIORITY[own]}>` : `${new Date().toISOString()} ${own.padEnd(7)} `;
      write(`${head}${entryText(message, fields)}\n`);
    };
  return {debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error')};
};

/** One entry as one line, without time or level. Fields that are undefined are left out. */
export const entryText = (message: string, fields: Fields): string =>
  [
    escapeControls(message),
    ...Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${fieldText(String(value))}`),
  ].join(' ');

const fieldText = (value: string): string =>
  /^[^\s"=\\]+$/.test(value) && isPrintable(value)
    ? value
    : `"${escapeControls(value.replaceAll('\\', '\\\\').replaceAll('"', '\\"'))}"`;

const NAMED: Readonly<Record<string, string>> = {'\n': '\\n', '\r': '\\r', '\t': '\\t'};

// What a release or a peer wrote must neither begin a line of its own nor steer a terminal.
const escapeControls = (text: string): string =>
  escaped(text.replace(/[\n\r\t]/g, character => NAMED[character] ?? character));

/** systemd.exec(5), JOURNAL_STREAM: device and inode of the journal's stream, so that a redirected stderr is not taken for it. */
export const stderrIsJournal = (stream = process.env.JOURNAL_STREAM): boolean => {
  if (stream === undefined) return false;
  try {
    const {dev, ino} = fstatSync(2, {bigint: true});
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
};

let guarded = false;

// A journal or terminal that went away costs the line, not the agent.
const toStderr = (line: string): void => {
  if (!guarded) process.stderr.on('error', () => undefined);
  guarded = true;
  process.stderr.write(line);
};
