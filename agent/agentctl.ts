#!/usr/bin/env node
import process from 'node:process';
import {runAgentctl} from './cli/program.ts';
import {nameProcess} from './host/process/name.ts';

nameProcess('agentctl');

const confirm = async (question: string): Promise<boolean> => {
  const {createInterface} = await import('node:readline/promises');
  const lines = createInterface({input: process.stdin, output: process.stderr});
  // the end of input is a no
  const closed = new Promise<string>(resolve => lines.once('close', () => resolve('')));
  const line = await Promise.race([lines.question(`${question} [y/N] `), closed]);
  lines.close();
  return /^y(?:es)?$/i.test(line.trim());
};

const screen = {
  write: (text: string) => void process.stdout.write(text),
  size: () => ({columns: process.stdout.columns, rows: process.stdout.rows}),
};

const interruption = (): AbortSignal => {
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort());
  return interrupted.signal;
};

// A reader that goes away (`agentctl history | head`) is no failure.
process.stdout.on('error', () => process.exit());

// No top-level await: the bundle is CommonJS, which loads with the least memory.
runAgentctl(process.argv.slice(2), {
  say: text => process.stdout.write(`${text}\n`),
  complain: text => process.stderr.write(`${text}\n`),
  env: process.env,
  interruption,
  ...(process.stdin.isTTY && {confirm}),
  ...(process.stdout.isTTY && {screen}),
}).then(code => {
  process.exitCode = code;
});
