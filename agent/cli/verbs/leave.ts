import type {Command} from 'commander';
import {EXIT, type Terminal} from '../terminal.ts';
import {askAgent, type CommonOptions, verb} from '../verb.ts';

/** The agent answers within five seconds; one that hangs must not keep the host from shutting down. */
const ANSWER_MS = 10_000;

/** `agentctl leave`: what systemd runs at a shutdown. Done when the host is out of traffic and its requests are answered or cut. */
export const leaveVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  verb('leave', 'leave traffic before the host shuts down; systemd runs it').action(
    async (options: CommonOptions) => {
      for (;;) {
        const asked = await askAgent({verb: 'leave'}, options, terminal, {timeoutMs: ANSWER_MS});
        if (!asked.ok) return done(asked.exit);
        if (asked.value) break;
      }
      terminal.say(options.json ? JSON.stringify({ok: true, value: true}) : 'it is out of traffic');
      done(EXIT.ok);
    },
  );
