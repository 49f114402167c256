/** The whole agent of one host: what each part needs is made here, in order, and all of it runs until the signal. */
import {serveMetrics} from '../control/serve-metrics.ts';
import {serveControl} from '../control/server.ts';
import type {Dispatch} from '../core/host/event-input.ts';
import type {State} from '../core/host/state.ts';
import {keysOf} from '../core/keys.ts';
import {parseRelease} from '../core/release.ts';
import {systemClock as clock} from '../host/clock.ts';
import {followCloudInit} from '../host/cloud-init.ts';
import {systemState} from '../host/systemd/leave-unit.ts';
import {createNotify} from '../host/systemd/notify.ts';
import {createResolve} from '../install/git/resolve.ts';
import {createWebhook} from '../notify/webhook.ts';
import {openStoreAs} from '../store/open.ts';
import {createBootView} from './effects/boot-view.ts';
import {createExecutor} from './effects/executors.ts';
import {createLastDesired} from './effects/last-desired.ts';
import {createShutdownGuard} from './effects/shutdown-guard.ts';
import {createFleetTasks} from './fleet/fleet.ts';
import {createGarbage} from './garbage.ts';
import {createMonitors} from './health/monitors.ts';
import {createLoop} from './loop/loop.ts';
import {createRecorder} from './loop/record.ts';
import {watchDesired} from './loop/watch-desired.ts';
import {type DaemonParts, type OpenHost, openHost} from './open-host.ts';
import {createMetrics} from './operator/metrics.ts';
import {createControls} from './operator/operator.ts';
import {createSteps} from './operator/steps.ts';
import type {Stop} from './shutdown/end-application.ts';
import {createShutdown} from './shutdown/shutdown.ts';
import {createSweeping} from './sweep.ts';
import {runTasks} from './tasks.ts';
import {createCounts} from './telling/counts.ts';

/** Without progress for this long the watchdog is left to end the agent. */
const STUCK_MS = 60_000;

/** Runs the agent until it is asked to stop. Throws when it cannot start, or when a part of it fails for good. */
export const runDaemon = async (parts: DaemonParts, asked: Stop): Promise<void> => {
  const {install, stateDir} = parts.settings;
  const host = await openHost(parts, asked.asked);
  const {controls, tasks, stop, stopped} = assemble(parts, host);
  const resolve = install.git && createResolve({git: install.git, stateDir});
  const signal = stopped(asked);
  await serveControl({path: host.socket, controls, resolve}, signal);
  try {
    await runTasks(tasks, parts.log, signal);
  } finally {
    await stop();
  }
};

const assemble = (parts: DaemonParts, host: OpenHost) => {
  const {settings, identity, version, log} = parts;
  const {store, adapters, history, rules, before, first, journal} = host;
  const {app, channel, role, seed} = settings;
  const self = {
    agent: version,
    instance: identity.instance,
    zone: identity.zone,
    app,
    channel,
    role,
    ...(settings.canary && {canary: true as const}),
  };
  const keys = keysOf(app, channel);

  // The loop comes last, and what it is made of speaks to it.
  const dispatch: Dispatch = input => loop.agent.dispatch(input);
  const state = (): State => loop.agent.state();
  const changed = (): void => {
    fleet.touch();
    recorder.refresh();
  };
  const touch = (): void => {
    monitors.visibility.saw();
    fleet.touch();
  };

  const notify = createNotify({alive: () => loop.agent.busyForMs() < STUCK_MS, log});
  const shutdown = createShutdown({
    settings,
    adapters,
    journal,
    state,
    halt: () => loop.halt(),
    changed,
    log,
  });
  const monitors = createMonitors({
    host,
    stateDir: settings.stateDir,
    state,
    dispatch,
    changed,
    shuttingDown: shutdown.cause,
    clock,
    log,
  });
  const {disk, cleanup, visibility, unhealthy, unable, problems, store: health} = monitors;
  const {ec2, sweep, vet} = adapters;
  const here = {settings, store, keys, self, state, health, dispatch, clock, log};
  const webhooks = settings.webhooks.map(webhook => createWebhook(webhook, {app, channel}));
  const told = createCounts(webhooks.map(({name}) => name));
  const listening = {webhooks, told, visible: visibility.isVisible};
  const fleet = createFleetTasks({...here, ...listening, ec2, unhealthy, unable});
  const lastDesired = createLastDesired();
  const bootView = createBootView({
    store,
    keys,
    seed: (seed !== undefined && parseRelease(seed)) || null,
    settingUp: followCloudInit(),
    lastDesired,
    clock,
  });
  const shutdownGuard = createShutdownGuard({systemState, log});
  const execute = createExecutor({
    ...adapters,
    bootView,
    askPermit: fleet.askPermit,
    prune: cleanup.prune,
    shutdownGuard,
    clock,
  });
  const recorder = createRecorder({notify, problems, history, touch, log});
  const publish = (next: State, before: State): void => {
    disk.saw(next);
    garbage.saw();
    steps.saw(next, before);
    recorder.publish(next, before);
  };
  const loop = createLoop({
    rules,
    before,
    first,
    journal,
    health: monitors.journal,
    execute,
    publish,
    dispatch,
    waitOut: shutdownGuard.waitOut,
    clock,
    log,
  });

  const steps = createSteps(before);
  const garbage = createGarbage({clock, log});
  const metrics = createMetrics({
    ...{self, state, unhealthy, problems, health, steps, told},
    glance: fleet.glance,
    now: clock.now,
  });
  const {listen} = settings.metrics;
  const serving = (until: AbortSignal) => serveMetrics({listen: listen ?? '', text: metrics, log}, until);
  const asked = {
    metrics,
    request: shutdown.requests(loop.agent.request),
    leave: shutdown.leave,
    vet,
    openStoreAs: (token: string) => openStoreAs(settings.store, token),
    unhealthy,
    problems,
  };
  return {
    controls: createControls({...here, ...asked, history, coordinated: settings.coordinate === 'fleet'}),
    tasks: {
      agent: loop.agent.run,
      desired: (until: AbortSignal) =>
        watchDesired(
          {store, key: keys.desired, health, turn: fleet.turn, last: lastDesired, dispatch},
          until,
        ),
      health: monitors.watch.run,
      visibility: visibility.run,
      ...shutdown.tasks,
      ...fleet.tasks,
      ...(listen !== undefined && {metrics: serving}),
      ...(ec2 && {sweeping: createSweeping({sweep, log})}),
    },
    stopped: shutdown.stopped,
    stop: async () => {
      recorder.stop();
      disk.stop();
      garbage.stop();
      loop.stop();
      await notify.stopping();
      await Promise.all([store.close(), ec2?.close()]);
    },
  };
};
