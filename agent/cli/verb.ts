import {Command} from 'commander';
import type {Request, Results} from '../control/protocol.ts';
import {wrap} from './layout.ts';
import {EXIT, type Terminal} from './terminal.ts';

export const DEFAULT_SOCKET = '/run/release-agent/control.sock';

/** Options that every verb of the control socket has. */
export interface CommonOptions {
  readonly json?: true;
  readonly socket?: string;
}

/** A command with `--json`, and `--socket` unless it works without the agent. */
export const verb = (
  name: string,
  about: string,
  {socket = true}: {readonly socket?: boolean} = {},
): Command => {
  const command = new Command(name).description(about).option('--json', 'print JSON');
  return socket
    ? command.option('--socket <path>', `the control socket (RELEASE_AGENT_SOCKET, else ${DEFAULT_SOCKET})`)
    : command;
};

export type Asked<T> = {readonly ok: true; readonly value: T} | {readonly ok: false; readonly exit: number};

/** Asks the agent. A refusal, or no answer, is said at once and gives its exit code. */
export const askAgent = async <R extends Request>(
  request: R,
  {json, socket}: CommonOptions,
  terminal: Terminal,
  limits: {readonly timeoutMs?: number} = {},
): Promise<Asked<Results[R['verb']]>> => {
  const {ask, NoAnswerError} = await import('../control/client.ts');
  const fail = (exit: number, kind: string, text: string) =>
    ({ok: false, exit: failWith(exit, {kind, text}, {...(json && {json})}, terminal)}) as const;
  try {
    const path = socket ?? terminal.env.RELEASE_AGENT_SOCKET ?? DEFAULT_SOCKET;
    const response = await ask(path, request, limits);
    return response.ok ? response : fail(EXIT.refused, response.refusal.kind, response.refusal.text);
  } catch (error) {
    if (error instanceof NoAnswerError) return fail(EXIT.noAnswer, 'no-answer', error.message);
    throw error;
  }
};

/** Says why not, as text or as JSON. Gives the exit code. */
export const failWith = (
  exit: number,
  refusal: {readonly kind: string; readonly text: string},
  {json}: Pick<CommonOptions, 'json'>,
  {say, complain}: Terminal,
): number => {
  if (json) say(JSON.stringify({ok: false, refusal}));
  else complain(wrap(`agentctl: ${refusal.text}`).join('\n'));
  return exit;
};

type OperatorRequest = Extract<Request, {readonly by: string}>;

/** Tells the agent a request and says what it answers. Gives the exit code. */
export const tellAgent = async (
  request: OperatorRequest,
  options: CommonOptions,
  terminal: Terminal,
): Promise<number> => {
  const asked = await askAgent(request, options, terminal);
  if (!asked.ok) return asked.exit;
  terminal.say(
    options.json ? JSON.stringify({ok: true, value: asked.value}) : wrap(String(asked.value)).join('\n'),
  );
  return EXIT.ok;
};

/** Who asks: the person behind sudo, else the user. */
export const asker = ({env}: Terminal): string => env.SUDO_USER || env.USER || 'unknown';
