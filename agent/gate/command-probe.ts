import type {Execute} from '../host/systemd/service-run.ts';
import type {Probe} from './probe.ts';

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
    await execute(program, args, {timeoutMs}, signal);
    return {ok: true};
  },
});
