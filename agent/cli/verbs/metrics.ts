import type {Command} from 'commander';
import {EXIT, type Terminal} from '../terminal.ts';
import {askAgent, type CommonOptions, verb} from '../verb.ts';

/** `agentctl metrics`: what Prometheus is told, in its text format. */
export const metricsVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  verb('metrics', 'metrics of this host, in the text format of Prometheus').action(
    async (options: CommonOptions) => done(await metrics(options, terminal)),
  );

const metrics = async (options: CommonOptions, terminal: Terminal): Promise<number> => {
  const asked = await askAgent({verb: 'metrics'}, options, terminal);
  if (!asked.ok) return asked.exit;
  terminal.say(options.json ? JSON.stringify(asked.value) : asked.value.trimEnd());
  return EXIT.ok;
};
