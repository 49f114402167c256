import {isUp, showUnit} from '../host/systemd/systemd.ts';
import type {Activator} from '../ports.ts';
import {isSameBoot, noteBoot} from './boot.ts';
import {readCurrent} from './current.ts';
import {launchAsService} from './launch-service.ts';
import {linkByService} from './link-service.ts';
import {type ActivatorOptions, countdown, switchRelease} from './switch.ts';
import {restartUnit} from './unit-start.ts';

/**
 * Activates by systemd: swaps `current`, runs the release's script, restarts the units of `activate.units` in order and waits
 * for each. Throws `activate.failed`, `script.*`, `unit.failed`, `child.*`. Without a unit
 * that stays up, `running` means that an activation was done since the machine booted. The agent must be READY before: its units may be ordered after it.
 */
export const systemdActivator = (options: ActivatorOptions): Activator => {
  const {stateDir, runDir, activate} = options.settings;
  return {
    activate: async (request, signal) => {
      const left = countdown(activate.timeoutMs);
      const launch = launchAsService({generation: request.generation, runDir});
      await switchRelease({...options, makeLink: linkByService, launch}, request, signal);
      for (const unit of activate.units) await restartUnit({unit, timeoutMs: left()}, signal);
      await noteBoot(runDir);
    },
    observe: async signal => {
      const current = await readCurrent(stateDir);
      const states = await Promise.all(activate.units.map(unit => showUnit(unit, signal)));
      const proof = states.some(({active}) => active === 'active') || (await isSameBoot(runDir));
      return {current, running: proof && states.every(isUp)};
    },
  };
};
