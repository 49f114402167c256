/**
 * Who keeps a mount busy. The links below /proc tell it (proc(5): cwd, root, exe, fd, map_files): reading them asks the kernel
 * only, never the file system that may hang. The agent's own unit may not look at other processes, so find(1) does it for us.
 */
import process from 'node:process';
import {run} from '../process/process.ts';
import {serviceArguments} from '../systemd/service.ts';

/** Runs a program that may look at every process, and gives what it printed. */
export type Ask = (command: readonly string[], signal: AbortSignal) => Promise<string>;

const TIMEOUT_MS = 10_000;
const NAMED = 4;

export const askAsChild: Ask = async ([program = '', ...args], signal) =>
  (await run(program, args, {timeoutMs: TIMEOUT_MS, accept: 'any'}, signal)).stdout;

/** By PID 1, with the rights that the agent's unit does not have. */
export const askAsService: Ask = async (command, signal) => {
  const unit = `release-agent-holders-${process.pid}.service`;
  const properties = {LogLevelMax: 'notice', CollectMode: 'inactive-or-failed'};
  const args = serviceArguments({unit, command, limitMs: TIMEOUT_MS, properties});
  return (await run('systemd-run', args, {timeoutMs: TIMEOUT_MS, accept: 'any'}, signal)).stdout;
};

/**
 * The processes that use something below a directory, at most four of them with their units: `held by sleep (pid 12,
 * web.service)`. Empty when none is found, or nobody can tell.
 */
export const holdersOf = async (directory: string, ask: Ask, signal: AbortSignal): Promise<string> => {
  try {
    const links = await ask(search(directory), signal);
    const pids = [...new Set([...links.matchAll(/^\/proc\/(\d+)\//gm)].map(([, pid = '']) => pid))];
    if (pids.length === 0) return '';
    const named = pids.slice(0, NAMED);
    const files = named.flatMap(pid => [`/proc/${pid}/comm`, `/proc/${pid}/cgroup`]);
    const facts = await ask(['grep', '-Hs', '', ...files], signal);
    const more = pids.length > NAMED ? ` and ${pids.length - NAMED} more` : '';
    return `held by ${named.map(pid => describe(pid, facts)).join(', ')}${more}`;
  } catch {
    signal.throwIfAborted();
    return '';
  }
};

const search = (directory: string): readonly string[] => {
  const pattern = directory.replace(/[\\*?[]/g, '\\$&');
  const below = ['-lname', pattern, '-o', '-lname', `${pattern}/*`];
  return ['find', '/proc', '-ignore_readdir_race', '-mindepth', '2', '-maxdepth', '3', ...below];
};

const describe = (pid: string, facts: string): string => {
  const lines = facts.split('\n').filter(line => line.startsWith(`/proc/${pid}/`));
  const comm = lines.find(line => line.startsWith(`/proc/${pid}/comm:`))?.split(':')[1] ?? 'a process';
  const group = lines.find(line => /:(?:0:|\d+:name=systemd):/.test(line)) ?? '';
  const unit = group.split('/').findLast(part => /\.(?:service|scope)$/.test(part));
  return `${comm} (pid ${pid}${unit === undefined ? '' : `, ${unit}`})`;
};
