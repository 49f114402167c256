/** Runs inside an instance, bundled to one file: installs a slot as the agent does, with nothing given but IMDS. */
import {join} from 'node:path';
import process from 'node:process';
import {reasonText} from '../../../agent/core/reason.ts';
import {reasonOf} from '../../../agent/core/reason-error.ts';
import {createEc2} from '../../../agent/host/ec2/ec2.ts';
import {createImds} from '../../../agent/host/imds/imds.ts';
import {mountsHere} from '../../../agent/host/mount/mount.ts';
import {ebsInstaller} from '../../../agent/install/ebs/installer.ts';
import type {Log} from '../../../agent/ports.ts';

export interface MachineRun {
  readonly work: 'stage' | 'prune';
  readonly snapshot: string;
  readonly slot: string;
  /** EC2's address, when it is not what the environment says */
  readonly endpoint?: string;
}

const {work, snapshot, slot, endpoint} = JSON.parse(process.argv[2] ?? '') as MachineRun;
const stateDir = '/var/lib/release-agent';
const quiet = () => {};
const log: Log = {debug: quiet, info: quiet, warning: quiet, error: quiet};

const main = async (signal: AbortSignal): Promise<void> => {
  const identity = await createImds({base: 'http://169.254.169.254'}).identity(signal);
  const installer = ebsInstaller({
    settings: {
      volumeType: 'gp3',
      filesystem: 'ext4',
      owners: [],
      maxSizeGiB: 10,
      tags: {},
      encrypted: false,
      prewarm: {what: 'off', rateMiB: 50, untilMs: 60_000},
      timeoutMs: 60_000,
    },
    stateDir,
    identity,
    app: 'web',
    ec2: createEc2({region: identity.region, deadlineMs: 20_000, ...(endpoint !== undefined && {endpoint})}),
    mounts: mountsHere(),
    log,
  });
  const target = {release: {kind: 'ebs', snapshot}, slot, directory: join(stateDir, 'slots', slot)} as const;
  const began = performance.now();
  if (work === 'stage') await installer.stage(target, signal);
  else await installer.prune([], signal);
  process.stdout.write(`${Math.round(performance.now() - began)}\n`);
};

main(new AbortController().signal).catch((error: unknown) => {
  const {kind} = reasonOf(error);
  process.stderr.write(`${kind}: ${reasonText(reasonOf(error))}\n`);
  process.exitCode = 1;
});
