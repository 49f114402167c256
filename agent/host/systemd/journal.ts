import {setTimeout as sleep} from 'node:timers/promises';
import {run} from '../process/process.ts';

const TIMEOUT_MS = 10_000;
const LINES = 50;
/** The system's journal takes in what a process wrote a little after its end. */
const TRIES = 3;
const AGAIN_MS = 150;

/**
 * The last line that a unit's own processes wrote to the system's journal since `since` (milliseconds since the epoch), cut
 * at 200 characters; an empty text without one or without a journal. Throws only the signal's own error.
 */
export const lastJournalLine = async (
  {unit, since}: {readonly unit: string; readonly since: number},
  signal: AbortSignal,
): Promise<string> => {
  const seconds = Math.floor(since / 1000);
  const args = [
    '--quiet',
    '--no-pager',
    '--output=json',
    `--lines=${LINES}`,
    `--since=@${seconds}`,
    `--unit=${unit}`,
  ];
  for (let tries = 1; ; tries++) {
    const answer = await run('journalctl', args, {timeoutMs: TIMEOUT_MS}, signal).catch(() => null);
    signal.throwIfAborted();
    const line = answer === null ? '' : lastOwnLine(answer.stdout);
    if (line !== '' || answer === null || tries === TRIES) return line;
    await sleep(AGAIN_MS, undefined, {signal});
  }
};

/**
 * Reads `journalctl --output=json`: one entry a line. Lines of PID 1 about the unit are left out, and indented ones, which
 * only go on with the line before (hints of mount(8), the frames of a stack), as long as there are others.
 */
export const lastOwnLine = (text: string): string => {
  const messages = text
    .trim()
    .split('\n')
    .map(line => ownMessage(line).replace(/\p{Cc}+/gu, ' '))
    .filter(message => message.trim() !== '');
  const last = messages.findLast(message => !message.startsWith(' ')) ?? messages.at(-1) ?? '';
  return last.trim().slice(0, 200);
};

// A message that is not UTF-8 comes as an array of bytes.
const ownMessage = (line: string): string => {
  try {
    const {_PID: pid, MESSAGE: message} = JSON.parse(line) as Readonly<Record<string, unknown>>;
    if (pid === '1') return '';
    if (typeof message === 'string') return message;
    return Array.isArray(message) ? Buffer.from(message).toString('utf8') : '';
  } catch {
    return '';
  }
};
