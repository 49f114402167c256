import {execFile} from 'node:child_process';
import process from 'node:process';
import {promisify} from 'node:util';

const execute = promisify(execFile);

/** Runs a program to its end, at most ten minutes, apart from this machine's git configuration. Gives its standard output. */
export const run = async ([program = '', ...args]: readonly string[]): Promise<string> => {
  const {stdout} = await execute(program, args, {
    timeout: 600_000,
    maxBuffer: 1 << 26,
    env: {PATH: process.env.PATH, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1'},
  });
  return stdout;
};
