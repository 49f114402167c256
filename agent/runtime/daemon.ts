/** The whole agent of one host: what each part needs is made here, in order, and all of it runs until the signal. */
import {createResolve} from '../control/resolve.ts';
import {serveControl} from '../control/server.ts';
import type {State} from '../core/host/state.ts';
import {keysOf} from '../core/keys.ts';
import {parseRelease} from '../core/release.ts';
import {systemState} from '../host/systemd/leave-unit.ts';
import {createNotify} from '../host/systemd/notify.ts';
import {createLook} from './effects/boot-view.ts';
import {createExecutor} from './effects/executors.ts';
import {createFleetTasks} from './fleet/fleet.ts';
import {createSenses} from './health/monitors.ts';
import type {Dispatch} from './loop/event-input.ts';
import {createLoop} from './loop/loop.ts';
import {createRecorder} from './loop/record.ts';
import {watchDesired} from './loop/watch-desired.ts';
import {type DaemonParts, type OpenHost, openHost} from './open-host.ts';
import {createControls} from './operator/operator.ts';
import {createShutdown} from './shutdown/excuse.ts';
import {createLeaving} from './shutdown/shutdown.ts';
import {runTasks} from './tasks.ts';

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

const assemble = (parts: DaemonParts, host: OpenHost) => {
  const {settings, identity, version, log} = parts;
  const {store, adapters, history} = host;
  const {app, channel, role, seed} = settings;
  const self = {agent: version, instance: identity.instance, zone: identity.zone, app, channel, role};
  const keys = keysOf(app, channel);

  // The loop comes last, and what it is made of speaks to it.
  const dispatch: Dispatch = happening => loop.agent.dispatch(happening);
  const state = (): State => loop.agent.state();
  const changed = (): void => {
    fleet.touch();
    recorder.refresh();
  };
  const touch = (): void => {
    senses.shown.saw();
    fleet.touch();
  };

  const notify = createNotify({alive: () => loop.agent.busyForMs() < STUCK_MS, log});
  const leaving = createLeaving({parts, host, state, halt: () => loop.halt(), changed});
  const senses = createSenses({host, state, dispatch, changed, departing: leaving.cause, log});
  const {tidy, shown, unhealthy, unable, troubles, store: health} = senses;
  const {ec2, sweep, vet} = adapters;
  const here = {settings, store, keys, self, state, health, dispatch, log};
  const fleet = createFleetTasks({...here, ec2, sweep, unhealthy, unable, shown: shown.isShown});
  const look = createLook({store, keys, seed: (seed !== undefined && parseRelease(seed)) || null});
  const shutdown = createShutdown({systemState, log});
  const execute = createExecutor({
    ...adapters,
    look,
    askPermit: fleet.askPermit,
    prune: tidy.prune,
    shutdown,
  });
  const recorder = createRecorder({notify, troubles, history, touch, log});
  const {publish} = recorder;
  const loop = createLoop({host, health: senses.journal, execute, publish, dispatch, log});

  const asked = {wish: leaving.wishes(loop.agent.wish), leave: leaving.leave, vet, unhealthy, troubles};
  return {
    controls: createControls({...here, ...asked, history, coordinated: settings.coordinate === 'fleet'}),
    tasks: {
      agent: loop.agent.run,
      desired: (until: AbortSignal) => watchDesired({store, key: keys.desired, health, dispatch}, until),
      health: senses.watch.run,
      shown: shown.run,
      ...leaving.tasks,
      ...fleet.tasks,
    },
    stop: async () => {
      recorder.stop();
      loop.stop();
      await notify.stopping();
      await Promise.all([store.close(), ec2?.close()]);
    },
  };
};
