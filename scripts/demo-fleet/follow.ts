import {setTimeout as sleep} from 'node:timers/promises';
import {ask} from '../../agent/control/client.ts';
import type {StatusReport} from '../../agent/control/protocol.ts';

interface Parts {
  readonly socket: string;
  readonly see: (report: StatusReport) => void;
}

const EVERY_MS = 200;
const TIMEOUT_MS = 5_000;
/** What keeps permits back keeps them from every host: that is told once, of the fleet. */
const OF_FLEET = 'permit.';

/** Asks a host over its control socket how it stands, again and again, until the signal is aborted. */
export const followHost = async ({socket, see}: Parts, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    // it does not answer before it listens, nor while it ends
    const response = await ask(socket, {verb: 'status'}, {timeoutMs: TIMEOUT_MS}).catch(() => null);
    if (response?.ok && !signal.aborted) see(response.value);
    await sleep(EVERY_MS, undefined, {signal}).catch(() => undefined);
  }
};

/** Why the host is not where it should be, when that is news: something that `before` did not say. */
export const newsOf = ({reason}: StatusReport, before: StatusReport | undefined): string | null =>
  reason === null || reason.kind.startsWith(OF_FLEET) || reason.text === before?.reason?.text
    ? null
    : reason.text;
