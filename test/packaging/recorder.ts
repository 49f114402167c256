/** Every program that the agent starts tells with which arguments and environment it was started. */
import {readdir, readFile, rename} from 'node:fs/promises';
import {join} from 'node:path';
import {put} from '../lab/image/base.ts';

/** Below the agent's cache folder: it may write there, and so may its children. */
const FOLDER = '/var/cache/release-agent/seen';

export interface Seen {
  readonly program: string;
  readonly argv: readonly string[];
  /** as it was given, `NAME=value` each */
  readonly environment: readonly string[];
}

const PROGRAMS = [
  'git',
  'nice',
  'systemctl',
  'systemd-run',
  'systemd-notify',
  'journalctl',
  'ss',
  'realpath',
  'test',
  'rm',
];

/** Puts a recorder in the place of each program of a machine that is off. It only minds the agent's own children. */
export const recordChildren = async (root: string): Promise<void> => {
  await put(root, '/etc/tmpfiles.d/seen.conf', `d ${FOLDER} 0755 root root -\n`);
  for (const name of PROGRAMS) {
    const path = join(root, 'usr/bin', name);
    await rename(path, `${path}.real`);
    await put(root, `/usr/bin/${name}`, recorder(name), 0o755);
  }
};

// Its own environment is what /proc has of it. Files of its own per process: no two write to the same. The last
// one comes whole: who reads meanwhile finds all of a process or nothing.
const recorder = (name: string): string => `#!/bin/sh
case "$(cat /proc/$$/cgroup)" in
  *release-agentd.service*)
    seen=${FOLDER}/${name}.$$
    cat /proc/$$/cmdline >$seen.cmdline
    cat /proc/$$/environ >$seen.part
    mv $seen.part $seen.environ ;;
esac
unset PWD # the shell of the recorder has made it
exec /usr/bin/${name}.real "$@"
`;

/** What was recorded. */
export const recorded = async (root: string): Promise<readonly Seen[]> => {
  const folder = join(root, FOLDER);
  const files = (await readdir(folder)).filter(file => file.endsWith('.environ'));
  return Promise.all(
    files.map(async file => ({
      program: file.split('.')[0] ?? '',
      // the first two are the interpreter and the recorder
      argv: (await words(join(folder, file.replace(/environ$/, 'cmdline')))).slice(2),
      environment: await words(join(folder, file)),
    })),
  );
};

const words = async (path: string): Promise<readonly string[]> =>
  (await readFile(path, 'utf8')).split('\0').filter(word => word !== '');
