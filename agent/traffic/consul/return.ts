import {performance} from 'node:perf_hooks';
import {quote} from '../../core/quote.ts';
import {type Reason, reason} from '../../core/reason.ts';
import {type Check, type ConsulAgent, isMaintenance, serviceIdOf} from './agent.ts';

interface Parts {
  readonly agent: ConsulAgent;
  readonly service: string;
  /** of the maintenance mode */
  readonly note: string;
}

export interface ConsulReturn {
  /** These checks, which hid the service, are being ended. */
  begin(checks: readonly Check[]): void;
  /**
   * Why nobody sends requests here through Consul; null once the catalog, which shows the host, shows none of them any more, and the
   * service with no critical check. Throws when the servers do not answer.
   */
  hiddenBy(signal: AbortSignal): Promise<Reason | null>;
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
    const ids = ended.map(serviceIdOf);
    // what is in maintenance here by now is somebody else's
    const begun = (await agent.maintenanceOf(ids, signal)).map(serviceIdOf);
    for (const {id, name} of await agent.instances(service, signal)) {
      if (!ids.includes(id) || begun.includes(id)) continue;
      await agent.maintenance({id, service: name, enable: true, note}, signal);
      await agent.maintenance({id, service: name, enable: false, note}, signal);
    }
    seenAt = null;
  };
  const seesAll = async (checks: readonly Check[], signal: AbortSignal): Promise<boolean> => {
    for (const node of new Set(checks.map(({Node}) => Node)))
      if (!(await agent.seesNode(node, signal))) return false;
    return true;
  };
  /** True once none of the ended checks is in the catalog. */
  const isEnded = async (name: string, signal: AbortSignal): Promise<boolean> => {
    if (ended.length === 0) return true;
    const shown = (await agent.catalogued(name, ended, signal)).filter(({Notes}) => Notes === note);
    if (shown.length === 0 && !(await seesAll(ended, signal))) return false;
    ended = shown;
    seenAt = ended.length === 0 ? null : (seenAt ?? performance.now());
    if (seenAt !== null && performance.now() - seenAt > REPEAT_MS) await repeat(signal);
    return ended.length === 0;
  };
  return {
    begin: checks => {
      ended = [...new Map([...ended, ...checks].map(check => [check.CheckID, check])).values()];
    },
    hiddenBy: async signal => {
      const instances = await agent.instances(service, signal);
      const [first] = instances;
      if (!first) return hidden(`no service of the name or id ${service} is registered with the local agent`);
      if (!(await isEnded(first.name, signal))) return hidden('the catalog still shows its maintenance');
      const local = await agent.checksOf(
        instances.map(({id}) => id),
        signal,
      );
      const bad = local.find(isCritical);
      if (bad) return hidden(criticalText(bad));
      const own = local.filter(({ServiceID}) => ServiceID !== '');
      const shown = own.length === 0 ? [] : await agent.catalogued(first.name, own, signal);
      return shown.length === own.length && !shown.some(isCritical)
        ? null
        : hidden('the catalog does not show yet that its checks pass');
    },
  };
};

const hidden = (cause: string): Reason => reason('traffic.hidden', {adapter: 'consul', cause});

const isCritical = ({Status}: Check): boolean => Status === 'critical';

const criticalText = (check: Check): string => {
  const {CheckID, Name, Notes} = check;
  if (isMaintenance(check)) return `somebody else put it into maintenance: ${quote(Notes)}`;
  if (CheckID === NODE_MAINTENANCE) return `the node is in maintenance: ${quote(Notes)}`;
  return `the check ${quote(Name || CheckID)} is critical`;
};

/** Consul's name for the check of `consul maint` without a service (agent/structs, NodeMaint). */
const NODE_MAINTENANCE = '_node_maintenance';
