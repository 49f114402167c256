import {join} from 'node:path';
import {readCurrent} from '../activate/current.ts';
import type {Settings} from '../config/settings.ts';
import {refuseBusy} from '../control/socket.ts';
import {describe} from '../core/host/describe.ts';
import {freshState, recover} from '../core/host/recover.ts';
import type {Rules} from '../core/host/rules.ts';
import {bootId} from '../host/boot-id.ts';
import {systemClock} from '../host/clock.ts';
import {openHistory} from '../journal/history.ts';
import {type Opened, openJournal} from '../journal/journal.ts';
import type {Fields, Identity, Log, Observed} from '../ports.ts';
import {openStore} from '../store/open.ts';
import {drainMsOf} from '../traffic/drain/settle.ts';
import {createAdapters} from './effects/stages.ts';
import {createBlockers} from './health/blockers.ts';
import {stamp} from './loop/agent.ts';

export interface DaemonParts {
  readonly settings: Settings;
  readonly identity: Identity;
  readonly version: string;
  readonly log: Log;
}

/**
 * Opens what outlives the agent (journal, history, store, what runs) and decides where it goes on. Throws `control.busy` before it
 * touches anything when another agent is there.
 */
export const openHost = async ({settings, identity, log}: DaemonParts, signal: AbortSignal) => {
  const {stateDir, runDir} = settings;
  const socket = join(runDir, 'control.sock');
  await refuseBusy(socket);
  const {instance} = identity;
  const opened = await openJournal({stateDir, runDir, instance, boot: await bootId(), log});
  const history = openHistory(stateDir);
  const store = await openStore(settings.store);
  const blockers = createBlockers(log);
  const adapters = createAdapters({settings, identity, log, reportBlocker: blockers.reportBlocker});
  // No service manager is asked on a new instance, where nothing can run yet.
  const isNew = opened.state === null && (await readCurrent(stateDir)) === null;
  const observed = isNew ? {current: null, running: false} : await adapters.activator.observe(signal);
  const rules = rulesOf(settings);
  const first = recover(rules, opened.state, {...observed, ...opened}, stamp(systemClock));
  if (opened.state) log.info(`after the restart: ${describe(first[0])}`, factsOf(opened, observed));
  const before = opened.state ?? freshState(stamp(systemClock));
  return {socket, journal: opened.journal, history, store, blockers, adapters, rules, before, first};
};

export type OpenHost = Awaited<ReturnType<typeof openHost>>;

const factsOf = ({state, sameBoot, stale}: Opened, {current, running}: Observed): Fields => ({
  phase: state?.phase,
  reboot: !sameBoot,
  current,
  running,
  ...(stale && {stale}),
});

const rulesOf = ({install, traffic, activate, gate}: Settings): Rules => ({
  stageTimeoutMs: install.timeoutMs,
  drainTimeoutMs: drainMsOf(traffic),
  activateTimeoutMs: activate.timeoutMs,
  gateTimeoutMs: gate.timeoutMs,
  bakeMs: gate.bakeMs,
});
