/** The whole agent of one host: what each part needs is made here, in order, and all of it runs until the signal. */
import {createResolve} from '../control/resolve.ts';
import {serveControl} from '../control/server.ts';
import type {State} from '../core/host/state.ts';
import {keysOf} from '../core/keys.ts';
import {parseRelease} from '../core/release.ts';
import {createNotify} from '../host/notify.ts';
import {createAgent} from './agent.ts';
import {createControls} from './controls.ts';
import {createEffects} from './effects.ts';
import {createExecutor} from './executors.ts';
import {createFleetTasks} from './fleet-tasks.ts';
import type {Dispatch} from './happening.ts';
import {createLook} from './look.ts';
import {type DaemonParts, type OpenHost, openHost} from './opening.ts';
import {createRecorder} from './record.ts';
import {createSenses} from './senses.ts';
import {runTasks} from './tasks.ts';
import {watchDesired} from './watch-desired.ts';

/** Without progress for this long the watchdog is left to end the agent. */
const STUCK_MS = 60_000;

/** Runs the agent until the signal is aborted. Throws when it cannot start, or when a part of it fails for good. */
export const runDaemon = async (parts: DaemonParts, signal: AbortSignal): Promise<void> => {
  const {install, stateDir} = parts.settings;
  const host = await openHost(parts, signal);
  const {controls, tasks, stop} = assemble(parts, host);
  const resolve = install.git && createResolve({git: install.git, stateDir});
  await serveControl({path: host.socket, controls, resolve}, signal);
  try {
    await runTasks(tasks, parts.log, signal);
  } finally {
    await stop();
  }
};

const assemble = ({settings, identity, version, log}: DaemonParts, host: OpenHost) => {
  const {store, adapters, history, rules, before, first} = host;
  const {app, channel, role, seed} = settings;
  const self = {agent: version, instance: identity.instance, zone: identity.zone, app, channel, role};
  const keys = keysOf(app, channel);

  // The loop comes last, and what it is made of speaks to it.
  const dispatch: Dispatch = happening => agent.dispatch(happening);
  const state = (): State => agent.state();
  const changed = (): void => {
    fleet.touch();
    recorder.refresh();
  };
  const touch = (): void => {
    senses.shown.saw();
    fleet.touch();
  };

  const notify = createNotify({alive: () => agent.busyForMs() < STUCK_MS, log});
  const senses = createSenses({host, state, dispatch, changed, log});
  const {tidy, shown, unhealthy, troubles, store: health} = senses;
  const {ec2, sweep, vet} = adapters;
  const told = {unhealthy, unjournalled: senses.journal.lost, shown: shown.isShown};
  const fleet = createFleetTasks({
    settings,
    store,
    keys,
    self,
    ec2,
    sweep,
    state,
    health,
    dispatch,
    log,
    ...told,
  });
  const look = createLook({store, keys, seed: (seed !== undefined && parseRelease(seed)) || null});
  const execute = createExecutor({...adapters, look, askPermit: fleet.askPermit, prune: tidy.prune});
  const effects = createEffects({execute, dispatch, log});
  const recorder = createRecorder({notify, troubles, history, touch, log});
  const {publish} = recorder;
  const loop = {journal: host.journal, health: senses.journal, act: effects.start, publish};
  const agent = createAgent({rules, before, first, log, ...loop});

  const coordinated = settings.coordinate === 'fleet';
  const asked = {wish: agent.wish, vet, health, unhealthy, troubles, coordinated};
  return {
    controls: createControls({self, state, store, keys, history, ...asked}),
    tasks: {
      agent: agent.run,
      desired: (until: AbortSignal) => watchDesired({store, key: keys.desired, health, dispatch}, until),
      health: senses.watch.run,
      shown: shown.run,
      ...fleet.tasks,
    },
    stop: async () => {
      recorder.stop();
      effects.stop();
      await notify.stopping();
      await store.close();
    },
  };
};
