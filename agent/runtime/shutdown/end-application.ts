import {once} from 'node:events';
import process from 'node:process';
import type {ActivateSettings} from '../../config/settings.ts';
import {reasonText} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
import type {Log} from '../../ports.ts';

/** What the agent's own end is asked for by. */
export interface Stop {
  /** it is to end in order */
  readonly asked: AbortSignal;
  /** it was asked again: it is to end at once */
  readonly again: AbortSignal;
}

/** Whether the application ends with the agent. Unless it is said, it does where nothing outlives the agent: as process 1 of a container. */
export const endsApplication = (
  {kind, onStop}: Pick<ActivateSettings, 'kind' | 'onStop'>,
  pid = process.pid,
): boolean => kind === 'process' && (onStop ?? (pid === 1 ? 'leave' : 'keep')) === 'leave';

interface Parts {
  /** leaves traffic and waits for the requests in flight */
  readonly depart: () => Promise<void>;
  readonly end: () => Promise<void>;
  readonly log: Log;
}

/**
 * Ends the application before the agent that runs it, once it is out of traffic: it would not outlive the agent, or is not meant to. The
 * signal is aborted when the agent may end; when it is asked again, at once.
 */
export const afterApplication = (parts: Parts, {asked, again}: Stop): AbortSignal => {
  const may = new AbortController();
  const end = async (): Promise<void> => {
    if (!asked.aborted) await once(asked, 'abort');
    await Promise.race([endApplication(parts), aborted(again)]);
    if (again.aborted) parts.log.warning('asked to stop again: nothing more is waited for');
    may.abort();
  };
  void end();
  return may.signal;
};

const aborted = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort');
};

const endApplication = async ({depart, end, log}: Parts): Promise<void> => {
  try {
    await depart();
    await end();
    log.info('the application has ended');
  } catch (error) {
    log.error(`the application was not ended: ${reasonText(reasonOf(error))}`);
  }
};
