import type {WriteStream} from 'node:tty';
import {styleText} from 'node:util';
import {wrap} from '../../agent/cli/layout.ts';

type Format = Parameters<typeof styleText>[0];

export interface View {
  /** A new part of the story. */
  heading(text: string): void;
  /** What somebody did, and `why` they did it or do not go on. */
  event(who: string, text: string, tone?: 'plain' | 'why'): void;
  /** A line of the demo itself. */
  note(text: string): void;
  problem(text: string): void;
  /** A line that stays at the bottom of a terminal and is asked for anew four times a second. */
  live(line: () => string): void;
  /** The last line; nothing comes after it. */
  end(line: string): void;
}

const LIVE_EVERY_MS = 250;
const COLORS: Readonly<Record<string, Format>> = {
  'host-1': 'cyan',
  'host-2': 'magenta',
  'host-3': 'yellow',
  'host-4': 'green',
  'host-5': 'cyanBright',
  'host-6': 'magentaBright',
  fleet: 'bold',
  balancer: 'blue',
};
const NAME = 10;
const TIME = 8;

/** Writes one line per event. On a terminal: wrapped, in colours (unless NO_COLOR is set) and with a live line. */
export const createView = (stream: WriteStream): View => {
  const began = performance.now();
  let live: (() => string) | null = null;
  let timer: NodeJS.Timeout | undefined;
  // a reader that went away (`scripts/demo | head`) must not end the demo before it cleaned up
  stream.on('error', () => undefined);

  const style = (format: Format, text: string): string => styleText(format, text, {stream});
  const erase = (): void => void (stream.isTTY && live && stream.write('\r\x1b[K'));
  const draw = (): void => void (live && stream.write(style('dim', live().slice(0, stream.columns - 1))));
  const write = (text: string): void => {
    erase();
    stream.write(`${text}\n`);
    draw();
  };
  const line = (who: string, text: string, tone: Format): void => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const head = `${`${seconds} s`.padStart(TIME)}  ${style(COLORS[who] ?? 'bold', who.padEnd(NAME))}`;
    const width = stream.isTTY ? Math.max(30, stream.columns - TIME - NAME - 4) : Infinity;
    const indent = ' '.repeat(TIME + NAME + 2);
    for (const [index, part] of wrap(text, width).entries())
      write(`${index === 0 ? head : indent}${style(tone, part)}`);
  };

  return {
    heading: text => write(`\n${style('bold', text)}`),
    event: (who, text, tone = 'plain') => line(who, text, tone === 'why' ? 'dim' : 'reset'),
    note: text => write(text),
    problem: text => write(`\n${style('red', `demo: ${text}`)}`),
    live: ask => {
      if (!stream.isTTY) return;
      live = ask;
      timer = setInterval(() => {
        erase();
        draw();
      }, LIVE_EVERY_MS);
    },
    end: text => {
      clearInterval(timer);
      erase();
      live = null;
      write(`\n${text}`);
    },
  };
};
