import {consent} from '../../consent.ts';
import {wrap} from '../../layout.ts';
import {EXIT, type Terminal} from '../../terminal.ts';
import type {ChangeOptions, FleetOptions} from './options.ts';

/** Says what was done, as text or as JSON. Gives the exit code. */
export const done = (text: string, {json}: Pick<FleetOptions, 'json'>, {say}: Terminal): number => {
  say(json ? JSON.stringify({ok: true, value: text}) : wrap(text).join('\n'));
  return EXIT.ok;
};

/** Says what is going to happen and asks. False: it shall not, and nothing was written. */
export const agreed = async (text: string, options: ChangeOptions, terminal: Terminal): Promise<boolean> => {
  if (await consent(text, options, terminal)) return true;
  terminal.complain('agentctl: nothing was changed');
  return false;
};
