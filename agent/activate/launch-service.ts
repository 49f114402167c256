import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {writeDurably} from '../host/files.ts';
import {PATH} from '../host/process/process.ts';
import {endService, serviceArguments, servicesLeft} from '../host/systemd/service.ts';
import {endingText} from '../host/systemd/service-run.ts';
import {showUnit} from '../host/systemd/systemd.ts';
import type {Launch} from './launch.ts';

const NAME = 'release-agent-script';
/** The agent ends the script at its own deadline; PID 1 only when there is no agent any more. */
const LATE_MS = 15_000;
const LEFTOVER_GRACE_MS = 2_000;
const ENVIRONMENT = {PATH, LANG: 'C.UTF-8'};

/**
 * As a service of PID 1, `release-agent-script-<generation>`: the script may mount and write where the agent's own unit may
 * not, and its limits are its own. What an agent before this one left running is ended first. The environment goes by
 * a file (mode 0600): a unit's own can be read by everybody. What a successful script leaves running stays.
 */
export const launchAsService =
  ({generation, runDir}: {readonly generation: number; readonly runDir: string}): Launch =>
  async (command, environment, {timeoutMs}, signal) => {
    await endLeftovers(signal);
    const unit = `${NAME}-${generation}.service`;
    await endService(unit, {graceMs: LEFTOVER_GRACE_MS});
    const file = join(runDir, 'script.environment');
    await writeDurably(file, environmentFile(environment));
    const properties = {KillMode: 'process', EnvironmentFile: file};
    const args = serviceArguments({unit, command, limitMs: timeoutMs + LATE_MS, properties});
    const child = spawn('systemd-run', args, {env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe']});
    child.once('exit', () => void rm(file, {force: true}).catch(() => undefined));
    return {
      child,
      end: async graceMs => {
        await endService(unit, {graceMs});
        if (!child.kill('SIGKILL')) return;
        // it was about to start the service
        await once(child, 'exit');
        await endService(unit, {graceMs});
      },
      status: exit => (exit === 0 ? Promise.resolve(0) : statusOf(unit, exit, signal)),
    };
  };

const endLeftovers = async (signal: AbortSignal): Promise<void> => {
  for (const unit of await servicesLeft(`${NAME}-*`, signal))
    if (!(await endService(unit, {graceMs: LEFTOVER_GRACE_MS})))
      throw failed(`${unit}, the script of an earlier activation, does not end`);
};

const statusOf = async (
  unit: string,
  exit: number | string,
  signal: AbortSignal,
): Promise<number | string> => {
  const state = await showUnit(unit, signal);
  await endService(unit, {graceMs: 0});
  const ending = endingText(state);
  if (ending === null) throw failed(`systemd-run, which runs the script, ended with ${exit}`);
  return state.result === 'exit-code' ? state.exitStatus : ending;
};

/**
 * The text of an EnvironmentFile= (systemd.exec(5)): in double quotes a backslash takes the meaning from the four characters
 * that have one, and everything else, line breaks too, is itself.
 */
export const environmentFile = (environment: Readonly<Record<string, string>>): string =>
  Object.entries(environment)
    .map(([name, value]) => `${name}="${value.replaceAll(/["\\`$]/g, '\\$&')}"\n`)
    .join('');

const failed = (cause: string): ReasonError => new ReasonError(reason('activate.failed', {cause}));
