import type {ConsulSettings} from '../../config/settings.ts';
import {type ConsulReply, type ConsulRequest, openConsul} from '../../consul/consul.ts';
import {ConsulError} from '../../consul/error.ts';
import type {ReasonError} from '../../core/reason-error.ts';
import {checkKey, refused, unreachable} from '../key.ts';

export interface HttpTuning {
  /** from the begin of a call to the last byte of its answer */
  readonly callDeadlineMs?: number;
  /** where the settings name no file of one */
  readonly token?: string;
}

export interface ConsulHttp {
  readonly name: string;
  /** 404 is an answer. Throws `store.unreachable` (no answer, no leader, overload) or `store.refused` (not permitted, not understood). */
  send(request: ConsulRequest, signal: AbortSignal): Promise<ConsulReply>;
  close(): void;
}

const DEADLINE_MS = 10_000;

/** Consul as a store: its failures are reasons. An answer that the token may not read in full is refused. Throws `store.refused`. */
export const openConsulHttp = (
  settings: ConsulSettings,
  {callDeadlineMs = DEADLINE_MS, token}: HttpTuning = {},
): ConsulHttp => {
  const name = nameOf(settings);
  checkKey(name, settings.prefix);
  const failed = (error: unknown): never => {
    throw error instanceof ConsulError ? reasonOf(name, error) : error;
  };
  const consul = opened(() => openConsul(settings, {deadlineMs: callDeadlineMs, token}), failed);
  return {
    name,
    send: async (asked, signal) => {
      const accept = [404, ...(asked.accept ?? [])];
      const reply = await consul.send({...asked, accept}, signal).catch(failed);
      if (reply.filtered) throw refused(name, `its token may not read all of ${asked.path}`);
      return reply;
    },
    close: consul.close,
  };
};

/** A failure of the client, as the store's reason. */
export const reasonOf = (store: string, {kind, message, cause}: ConsulError): ReasonError =>
  (kind === 'refused' ? refused : unreachable)(store, message, {cause});

const opened = <T>(open: () => T, failed: (error: unknown) => never): T => {
  try {
    return open();
  } catch (error) {
    return failed(error);
  }
};

/** As it is written in the configuration. */
const nameOf = ({url, prefix}: ConsulSettings): string => {
  const {protocol, host, pathname} = URL.parse(url) ?? {protocol: '', host: '', pathname: ''};
  return protocol === 'unix:' ? `consul:///${prefix}?socket=${pathname}` : `consul://${host}/${prefix}`;
};
