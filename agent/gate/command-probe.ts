import {run} from '../host/exec.ts';
import type {Probe} from './probe.ts';

/** Passes when the program ends with 0. Its last words are the answer otherwise. */
export const commandProbe = ({
  command: [program = '', ...args],
  timeoutMs,
}: {
  readonly command: readonly string[];
  readonly timeoutMs: number;
}): Probe => ({
  name: `command ${program}`,
  check: async signal => {
    await run(program, args, {timeoutMs}, signal);
    return {ok: true};
  },
});
