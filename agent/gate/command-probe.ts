import type {Execute} from '../host/systemd/service-run.ts';
import type {Probe} from './probe.ts';

/** It ran to its end; one that did not start, or was too slow, said nothing. */
const ENDED = /\bexit status \d+/;

/** Passes when the program ends with 0. Its last words are the answer otherwise. */
export const commandProbe = ({
  command: [program = '', ...args],
  timeoutMs,
  execute,
}: {
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly execute: Execute;
}): Probe => ({
  name: `command ${program}`,
  program: true,
  check: async signal => {
    try {
      await execute(program, args, {timeoutMs}, signal);
      return {ok: true};
    } catch (error) {
      const last = (error as Error).message;
      if (!ENDED.test(last)) throw error;
      return {ok: false, last, refused: true};
    }
  },
});
