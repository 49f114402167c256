/** The whole agent of one host: what each part needs is made here, in order, and all of it runs until the signal. */
import {join} from 'node:path';
import type {Settings} from '../config/settings.ts';
import {createResolve} from '../control/resolve.ts';
import {serveControl} from '../control/server.ts';
import {refuseBusy} from '../control/socket.ts';
import {describe} from '../core/host/describe.ts';
import {freshState, recover} from '../core/host/recover.ts';
import type {Rules} from '../core/host/rules.ts';
import type {State} from '../core/host/state.ts';
import {keysOf} from '../core/keys.ts';
import {parseRelease} from '../core/release.ts';
import {bootId} from '../host/boot-id.ts';
import {createNotify} from '../host/notify.ts';
import {openHistory} from '../journal/history.ts';
import {type Opened, openJournal} from '../journal/journal.ts';
import type {Fields, Identity, Log, Observed} from '../ports.ts';
import {openStore} from '../store/open.ts';
import {createAgent, stamp} from './agent.ts';
import {createControls} from './controls.ts';
import {createEffects} from './effects.ts';
import {createExecutor} from './executors.ts';
import {createFleetTasks} from './fleet-tasks.ts';
import type {Dispatch} from './happening.ts';
import {createHindrances} from './hindrances.ts';
import {createJournalHealth} from './journal-health.ts';
import {createLook} from './look.ts';
import {createRecorder} from './record.ts';
import {createShown} from './shown.ts';
import {createAdapters} from './stages.ts';
import {createStoreHealth} from './store-health.ts';
import {runTasks} from './tasks.ts';
import {createTidy} from './tidy.ts';
import {createTroubles} from './troubles.ts';
import {watchDesired} from './watch-desired.ts';
import {createHealthWatch} from './watch-health.ts';

export interface DaemonParts {
  readonly settings: Settings;
  readonly identity: Identity;
  readonly version: string;
  readonly log: Log;
}

/** Without progress for this long the watchdog is left to end the agent. */
const STUCK_MS = 60_000;

/** Runs the agent until the signal is aborted. Throws when it cannot start, or when a part of it fails for good. */
export const runDaemon = async (
  {settings, identity, version, log}: DaemonParts,
  signal: AbortSignal,
): Promise<void> => {
  const {app, channel, role, stateDir, runDir} = settings;
  const {instance, zone} = identity;
  const self = {agent: version, instance, zone, app, channel, role};
  const keys = keysOf(app, channel);
  const socket = join(runDir, 'control.sock');
  await refuseBusy(socket);
  const opened = await openJournal({stateDir, runDir, instance, boot: await bootId(), log});
  const history = openHistory(stateDir);
  const journal = createJournalHealth(log);
  const store = await openStore(settings.store);
  const health = createStoreHealth(store.name, log);
  const hindrances = createHindrances(log);
  const adapters = createAdapters({settings, identity, log, hinder: hindrances.hinder});
  const rules = rulesOf(settings);
  const observed = await adapters.activator.observe(signal);
  const first = recover(rules, opened.state, {...observed, ...opened}, stamp());
  if (opened.state) log.info(`after the restart: ${describe(first[0])}`, factsOf(opened, observed));

  const dispatch: Dispatch = happening => agent.dispatch(happening);
  const state = () => agent.state();
  const notify = createNotify({alive: () => agent.busyForMs() < STUCK_MS, log});
  const healthWatch = createHealthWatch({
    gate: adapters.healthGate,
    state,
    changed: () => tell(),
    log,
  });
  const unhealthy = healthWatch.unhealthy;
  const tidy = createTidy({installers: Object.values(adapters.installers), log, changed: () => tell()});
  const troubles = createTroubles({journal, hindrances, unhealthy, tidy, store: health});
  const shown = createShown({traffic: adapters.traffic, state, changed: () => fleet.touch()});
  const fleet = createFleetTasks({
    settings,
    store,
    keys,
    self,
    ec2: adapters.ec2,
    sweep: adapters.sweep,
    state,
    unhealthy,
    unjournalled: journal.lost,
    health,
    shown: shown.isShown,
    dispatch,
    log,
  });
  const seed = (settings.seed !== undefined && parseRelease(settings.seed)) || null;
  const look = createLook({store, keys, seed});
  const execute = createExecutor({...adapters, look, askPermit: fleet.askPermit, prune: tidy.prune});
  const effects = createEffects({execute, dispatch, log});
  const touch = (): void => {
    shown.saw();
    fleet.touch();
  };
  const recorder = createRecorder({notify, troubles, history, touch, log});
  const tell = (): void => {
    fleet.touch();
    recorder.refresh();
  };
  for (const source of [journal, hindrances, health]) source.onChange(tell);
  journal.onChange(() => {
    if (!journal.lost()) endPause(state(), dispatch);
  });
  const agent = createAgent({
    rules,
    before: opened.state ?? freshState(stamp()),
    first,
    journal: opened.journal,
    health: journal,
    act: effects.start,
    publish: recorder.publish,
    log,
  });

  const controls = createControls({
    self,
    state,
    wish: agent.wish,
    store,
    keys,
    health,
    unhealthy,
    troubles,
    vet: adapters.vet,
    history,
    coordinated: settings.coordinate === 'fleet',
  });
  const resolve = settings.install.git && createResolve({git: settings.install.git, stateDir});
  await serveControl({path: socket, controls, resolve}, signal);
  try {
    await runTasks(
      {
        agent: agent.run,
        desired: until => watchDesired({store, key: keys.desired, health, dispatch}, until),
        health: healthWatch.run,
        shown: shown.run,
        ...fleet.tasks,
      },
      log,
      signal,
    );
  } finally {
    recorder.stop();
    effects.stop();
    await notify.stopping();
    await store.close();
  }
};

// What waits for its next try may have failed for the same disk.
const endPause = (state: State, dispatch: Dispatch): void => {
  const {phase, generation} = state;
  const isPreparing = (phase === 'booting' || phase === 'staging') && state.blocked !== null;
  if (isPreparing || phase === 'held') dispatch({type: 'timer.fired', timer: 'retry', phase, generation});
};

const factsOf = ({state, sameBoot, stale}: Opened, {current, running}: Observed): Fields => ({
  phase: state?.phase,
  reboot: !sameBoot,
  current,
  running,
  ...(stale && {stale}),
});

const rulesOf = ({install, traffic, activate, gate}: Settings): Rules => ({
  stageTimeoutMs: install.timeoutMs,
  drainTimeoutMs: traffic.drain.timeoutMs,
  activateTimeoutMs: activate.timeoutMs,
  gateTimeoutMs: gate.timeoutMs,
  bakeMs: gate.bakeMs,
});
