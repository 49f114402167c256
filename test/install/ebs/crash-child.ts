/** Stages a slot (or prunes all but the kept ones) and kills itself at one point: argv is a JSON `CrashRun`. */
import {join} from 'node:path';
import process from 'node:process';
import {createEc2} from '../../../agent/host/ec2/ec2.ts';
import {directMounts} from '../../../agent/host/mount/mount.ts';
import {ebsInstaller} from '../../../agent/install/ebs/installer.ts';
import type {Identity} from '../../../agent/ports.ts';
import {QUICK, SETTINGS, silent} from './world.ts';

export interface CrashRun {
  readonly endpoint: string;
  readonly stateDir: string;
  readonly identity: Identity;
  readonly snapshot: string;
  readonly slot: string;
  readonly work: 'stage' | 'prune';
  /** the number of the outside effect to die at, counted from 1; 0 never */
  readonly at: number;
  readonly when: 'before' | 'after';
}

const {endpoint, stateDir, identity, snapshot, slot, work, at, when} = JSON.parse(
  process.argv[2] ?? '',
) as CrashRun;

let count = 0;
const die = () => process.kill(process.pid, 'SIGKILL');

const EFFECTS = new Set<unknown>([
  'createVolume',
  'attachVolume',
  'detachVolume',
  'deleteVolume',
  'mount',
  'unmount',
]);

/** Dies around an effect. Looking changes nothing, and records are written right before and after effects: these points are all there are. */
const mortal = <T extends object>(target: T): T =>
  new Proxy(target, {
    get: (of, key) => {
      const method: unknown = Reflect.get(of, key);
      if (typeof method !== 'function' || !EFFECTS.has(key)) return method;
      return async (...args: unknown[]) => {
        const mine = ++count === at;
        if (mine && when === 'before') die();
        const result: unknown = await Reflect.apply(method, of, args);
        if (mine && when === 'after') die();
        return result;
      };
    },
  });

const installer = ebsInstaller({
  settings: SETTINGS,
  stateDir,
  identity,
  app: 'web',
  ec2: mortal(createEc2({region: identity.region, endpoint})),
  mounts: mortal(directMounts()),
  log: silent,
  pace: QUICK,
});
const signal = new AbortController().signal;
if (work === 'prune') await installer.prune([], signal);
else
  await installer.stage(
    {release: {kind: 'ebs', snapshot}, slot, directory: join(stateDir, 'slots', slot)},
    signal,
  );
process.stdout.write(`${count}\n`);
