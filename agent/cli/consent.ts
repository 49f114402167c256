import {wrap} from './layout.ts';
import type {Terminal} from './terminal.ts';

/**
 * Says what is about to happen and asks whether it shall, unless `--yes` says so already. False: it shall not, or nobody
 * could be asked, which is then said.
 */
export const consent = async (
  plan: string,
  {yes}: {readonly yes?: true | undefined},
  {complain, confirm}: Terminal,
): Promise<boolean> => {
  complain(wrap(plan).join('\n'));
  if (yes) return true;
  if (confirm) return confirm('Shall it?');
  complain('agentctl: nobody can be asked here: add --yes');
  return false;
};
