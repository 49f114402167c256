import type {Command} from 'commander';
import {EXIT, type Terminal} from '../terminal.ts';
import {askAgent, type CommonOptions, verb} from '../verb.ts';

/** `agentctl status`: what runs, what should run, and why they differ. Exit code 4 when they do. */
export const statusVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  verb('status', 'what runs here, what should run, and why they differ').action(
    async (options: CommonOptions) => done(await status(options, terminal)),
  );

const status = async (options: CommonOptions, terminal: Terminal): Promise<number> => {
  const asked = await askAgent({verb: 'status'}, options, terminal);
  if (!asked.ok) return asked.exit;
  const [{statusText}, {isSettled}] = await Promise.all([
    import('../status-text.ts'),
    import('../report.ts'),
  ]);
  terminal.say(options.json ? JSON.stringify(asked.value) : statusText(asked.value));
  return isSettled(asked.value) ? EXIT.ok : EXIT.unsettled;
};
