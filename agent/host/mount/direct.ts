import {mkdir} from 'node:fs/promises';
import {askAsChild, holdersOf} from './holders.ts';
import type {Mounts} from './mounts.ts';
import {type Run, runBounded} from './run.ts';

/** Mounts by `mount` and `umount` themselves: for machines whose PID 1 is not systemd. */
export const directMounts = (execute: Run = runBounded): Mounts => ({
  mount: async ({device, directory, filesystem, options, timeoutMs}, signal) => {
    await mkdir(directory, {recursive: true});
    // -i: no mount helper of the file system; the device, type and options are all given
    const args = ['-i', '-t', filesystem, '-o', options.join(','), '--', device, directory];
    await execute('mount', args, timeoutMs, signal);
  },
  unmount: async ({directory, timeoutMs}, signal) => {
    await execute('umount', ['-i', '--', directory], timeoutMs, signal);
  },
  holders: (directory, signal) => holdersOf(directory, askAsChild, signal),
});
