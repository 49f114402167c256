import {performance} from 'node:perf_hooks';
import type {Check, ConsulAgent} from './agent.ts';

interface Parts {
  readonly agent: ConsulAgent;
  readonly service: string;
  /** of the maintenance mode */
  readonly note: string;
}

export interface ConsulReturn {
  /** These checks, which hid the service, are being ended. */
  begin(checks: readonly Check[]): void;
  /** True when the catalog, which shows the host, shows none of them any more. Throws when the servers do not answer. */
  isVisible(signal: AbortSignal): Promise<boolean>;
}

/** When servers answer and still show the maintenance for so long, it is begun and ended once more. */
const REPEAT_MS = 2_000;

/**
 * Follows a return to traffic into the catalog. The local agent tells the servers when it next reaches one; and it ends a
 * check there with the token that began it: if that is revoked, it never succeeds (agent/local/state.go, deleteCheck).
 */
export const consulReturn = ({agent, service, note}: Parts): ConsulReturn => {
  let ended: readonly Check[] = [];
  let seenAt: number | null = null;

  const repeat = async (signal: AbortSignal): Promise<void> => {
    for (const id of await agent.serviceIds(service, signal)) {
      await agent.maintenance({id, service, enable: true, note}, signal);
      await agent.maintenance({id, service, enable: false, note}, signal);
    }
    seenAt = null;
  };
  const seesAll = async (checks: readonly Check[], signal: AbortSignal): Promise<boolean> => {
    for (const node of new Set(checks.map(({Node}) => Node)))
      if (!(await agent.seesNode(node, signal))) return false;
    return true;
  };
  return {
    begin: checks => {
      ended = [...new Map([...ended, ...checks].map(check => [check.CheckID, check])).values()];
    },
    isVisible: async signal => {
      if (ended.length === 0) return true;
      const shown = await agent.catalogued(service, ended, signal);
      if (shown.length === 0 && !(await seesAll(ended, signal))) return false;
      ended = shown;
      seenAt = ended.length === 0 ? null : (seenAt ?? performance.now());
      if (seenAt !== null && performance.now() - seenAt > REPEAT_MS) await repeat(signal);
      return ended.length === 0;
    },
  };
};
