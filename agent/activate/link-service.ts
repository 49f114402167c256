import {dirname} from 'node:path';
import {executeAsService} from '../host/systemd/service-run.ts';
import type {MakeLink} from './current.ts';

const TIMEOUT_MS = 10_000;

/** Makes the link by a service of PID 1: the agent's own unit may write to its state folder only. Throws `child.*`. */
export const linkByService: MakeLink = async (path, target, signal) => {
  const execute = executeAsService('release-agent-link');
  const folder = dirname(path);
  const steps = [
    ['mkdir', '-p', '--', folder],
    ['ln', '-s', '-T', '--', target, path],
    ['sync', '--', folder],
  ] as const;
  for (const [program, ...args] of steps) await execute(program, args, {timeoutMs: TIMEOUT_MS}, signal);
};
