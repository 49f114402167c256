import {report} from '../lab/instance/agents.ts';
import type {Instance} from '../lab/instance/host.ts';
import {eventually} from '../support/eventually.ts';

/** Where an operator looks, and what stands there now; line breaks are spaces. `log`: since `mark`. */
export interface Told {
  readonly status: string;
  readonly why: string;
  readonly STATUS: string;
  readonly log: string;
}

/** Remembers where the log of the agent ends now, when it has its store, and gives what is told from then on. */
export const listen = async (instance: Instance): Promise<() => Promise<Told>> => {
  await eventually(
    `${instance.id} to have its store`,
    async () => {
      return (await report(instance))?.store.ok;
    },
    {timeoutMs: 30_000, everyMs: 100},
  );
  const before = (await instance.journal('release-agentd')).length;
  return async () => {
    const [status, why, STATUS, log] = await Promise.all([
      report(instance),
      instance.agentctl('why'),
      instance.exec(['systemctl', 'show', '--property=StatusText', '--value', 'release-agentd']),
      instance.journal('release-agentd'),
    ]);
    return {
      status: [status?.reason?.text, status?.refusal?.text, status?.store.text].filter(Boolean).join('; '),
      why: why.stdout.replaceAll(/\s+/g, ' '),
      STATUS: STATUS.stdout.trim(),
      log: log.slice(before).replaceAll(/\s+/g, ' '),
    };
  };
};

/** The places that do not say it. */
export const silent = (told: Partial<Told>, reason: RegExp): readonly string[] =>
  Object.entries(told)
    .filter(([, text]) => !reason.test(text))
    .map(([place, text]) => `${place} says "${text.slice(-1_000)}"`);
