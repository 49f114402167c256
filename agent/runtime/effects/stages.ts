/** Chooses the adapter of every stage from the settings. */
import {join} from 'node:path';
import {readCurrent} from '../../activate/current.ts';
import {applicationProcesses} from '../../activate/process/running.ts';
import {processActivator} from '../../activate/process.ts';
import {systemdActivator} from '../../activate/systemd.ts';
import type {Settings} from '../../config/settings.ts';
import type {Release} from '../../core/release.ts';
import {tellingFirstReads} from '../../gate/first-reads.ts';
import {type GateOptions, gate} from '../../gate/gate.ts';
import {sparing} from '../../gate/sparing.ts';
import {createEc2, type Ec2} from '../../host/ec2/ec2.ts';
import {mountsHere} from '../../host/mount/mount.ts';
import {executeAsChild, executeAsService, executeAsServices} from '../../host/systemd/service-run.ts';
import {unitProcesses} from '../../host/systemd/unit-processes.ts';
import {ebsInstaller} from '../../install/ebs/installer.ts';
import {checkSnapshot} from '../../install/ebs/snapshot.ts';
import {sweepVolumes} from '../../install/ebs/sweep.ts';
import {gitInstaller} from '../../install/git/installer.ts';
import type {Activator, Drain, Gate, Identity, Log, ReportBlocker, Traffic} from '../../ports.ts';
import {combineTraffic} from '../../traffic/combine.ts';
import {commandTraffic} from '../../traffic/command.ts';
import {consulTraffic} from '../../traffic/consul.ts';
import {settleBefore} from '../../traffic/drain/settle.ts';
import {socketDrain} from '../../traffic/drain/socket-drain.ts';
import {installerOf, type Stages} from './executors.ts';

interface Parts {
  readonly settings: Settings;
  readonly identity: Identity;
  readonly log: Log;
  /** told what keeps an adapter waiting */
  readonly reportBlocker: ReportBlocker;
}

export interface Adapters
  extends Omit<Stages, 'bootView' | 'askPermit' | 'prune' | 'shutdownGuard' | 'clock'> {
  /** null on a host without [install.ebs] */
  readonly ec2: Ec2 | null;
  /** deletes the volumes that terminated hosts of the application left; nothing to do without [install.ebs] */
  readonly sweep: (signal: AbortSignal) => Promise<unknown>;
  /** Throws why this host could not install the release, as far as can be known in a moment. */
  readonly vet: (release: Release, signal: AbortSignal) => Promise<void>;
  /** asks the probes of a serving application once; its own, as a gate remembers what it saw */
  readonly healthGate: Gate;
}

/** Younger volumes may belong to an instance that EC2 does not know everywhere yet. */
const SWEEP_AGE_MS = 1_800_000;

/** The adapters of this host. Nothing is contacted yet. */
export const createAdapters = (parts: Parts): Adapters => {
  const {settings, identity, log} = parts;
  const {activate, stateDir} = settings;
  const {ec2, installers} = createInstallers(parts);
  const bySystemd = activate.kind === 'systemd';
  const activator = bySystemd ? systemdActivator({settings, log}) : processActivator({settings, log});
  const probed = bySystemd
    ? {units: activate.units, execute: executeAsServices('release-agent-probe')}
    : {units: [], running: async (signal: AbortSignal) => (await activator.observe(signal)).running};
  return {
    ec2,
    sweep: async signal =>
      ec2 &&
      sweepVolumes(
        {ec2, app: settings.app, instance: identity.instance, minAgeMs: SWEEP_AGE_MS, now: Date.now(), log},
        signal,
      ),
    installers,
    vet: async (release, signal) => {
      installerOf(installers, release);
      const {ebs} = settings.install;
      if (release.kind === 'ebs' && ec2 && ebs)
        await checkSnapshot({settings: ebs, identity, ec2}, release.snapshot, signal);
    },
    activator,
    traffic: createTraffic(parts, activator),
    drain: createDrain(parts, activator),
    gate: createGate(gate({settings: settings.gate, ...probed}), installers, parts),
    healthGate: createHealthGate({settings: settings.gate, ...probed}),
    directoryOf: slot => join(stateDir, 'slots', slot),
    log,
  };
};

const createGate = (plain: Gate, installers: Adapters['installers'], {settings, log}: Parts): Gate => {
  const firstReads = installers.ebs?.firstReads;
  if (!firstReads) return plain;
  return tellingFirstReads({gate: plain, firstReads, current: () => readCurrent(settings.stateDir), log});
};

// What answers on a port is asked each time, what needs a program to be asked only now and then.
const createHealthGate = (options: GateOptions): Gate => {
  const {command: _command, unit: _unit, ...ports} = options.settings;
  const full = gate({...options, settings: {...options.settings, passes: 1}});
  if (ports.http === undefined && ports.tcp === undefined) return full;
  return sparing({full, light: gate({settings: {...ports, passes: 1}, units: []})});
};

const createInstallers = ({settings, identity, log, reportBlocker}: Parts) => {
  const {app, stateDir, install} = settings;
  const git = install.git && gitInstaller({settings: install.git, stateDir, log});
  if (!install.ebs) return {ec2: null, installers: {...(git && {git})}};
  const {endpoint} = install.ebs;
  const ec2 = createEc2({
    region: identity.region,
    reportBlocker,
    ...(endpoint !== undefined && {endpoint}),
    ...(settings.imds !== null && {imds: settings.imds}),
  });
  const mounts = mountsHere();
  const ebs = ebsInstaller({settings: install.ebs, stateDir, identity, app, ec2, mounts, log, reportBlocker});
  return {ec2, installers: {ebs, ...(git && {git})}};
};

const createDrain = ({settings, log, reportBlocker}: Parts, activator: Activator): Drain => {
  const {activate, traffic, stateDir} = settings;
  const bySystemd = activate.kind === 'systemd';
  const application = {
    isRunning: async (signal: AbortSignal) => (await activator.observe(signal)).running,
    processes: (signal: AbortSignal) =>
      bySystemd ? unitProcesses(activate.units, signal) : applicationProcesses(stateDir),
  };
  const drain = socketDrain({...traffic.drain, application, bySystemd, log, reportBlocker});
  return settleBefore(drain, {settleMs: traffic.settleMs, application, reportBlocker});
};

// What the operator gives runs as the release's script does: in the host's view, not in that of the agent's unit.
const createTraffic = ({settings, log, reportBlocker}: Parts, activator: Activator): Traffic => {
  const {consul, commands} = settings.traffic;
  const bySystemd = settings.activate.kind === 'systemd';
  const isRunning = async (signal: AbortSignal) => (await activator.observe(signal)).running;
  return combineTraffic([
    ...(consul ? [consulTraffic({...consul, isRunning, log, reportBlocker})] : []),
    ...(commands
      ? [commandTraffic(commands, bySystemd ? executeAsService('release-agent-traffic') : executeAsChild)]
      : []),
  ]);
};
