/** What keeps an old slot from going: the host serves the new release, says what is left, and clears it away in the end. */
import type {Test} from 'tap';
import {report} from '../../lab/instance/agents.ts';
import {eventually} from '../../support/eventually.ts';
import type {Lane} from '../bad-input/lane.ts';
import {listen, silent} from '../told.ts';
import type {Trial} from '../trials.ts';
import {against, askForSnapshot, endFaults} from './rows.ts';

const TOLD_MS = 120_000;

interface Busy {
  readonly begin: (t: Test, lane: Lane) => Promise<void>;
  readonly reason: RegExp;
  readonly end: (lane: Lane) => Promise<void>;
}

const run = async (t: Test, lane: Lane, {begin, reason, end}: Busy): Promise<void> => {
  const {instance} = lane;
  for (const _ of [1, 2]) await lane.settled(t, await askForSnapshot(lane), 'on a snapshot');
  const say = await listen(instance);
  await begin(t, lane);
  try {
    const next = await askForSnapshot(lane);
    let missing: readonly string[] = ['all'];
    const isTold = async () => {
      missing = silent(await say(), reason);
      return missing.length === 0;
    };
    const what = 'log, STATUS=, status and why say what is left';
    await eventually(what, isTold, {timeoutMs: TOLD_MS, everyMs: 300}).catch(() => undefined);
    t.same(missing, [], what);
    const status = await report(instance);
    t.match(
      status,
      {phase: 'serving', serving: true, active: {release: next.id}},
      'it serves the new release',
    );
    await end(lane);
    await lane.settled(t, next, 'nothing is left once the cause is gone');
  } finally {
    await end(lane);
  }
};

const stuckDetaching: Busy = {
  begin: async (_, lane) => against(lane, {action: 'DetachVolume', kind: 'stuck-detaching'}),
  reason: /vol-[0-9a-f]+ stays detaching for more than/,
  end: async lane => {
    await endFaults(lane);
    for (const {attachment} of lane.region.ec2.volumes())
      if (attachment?.instanceId === lane.instance.id && attachment.state === 'detaching')
        attachment.state = 'attached';
  },
};

const HOLDER = 'holder.service';

const heldByProcess: Busy = {
  begin: async (_, {instance}) => {
    // in the slot that is the previous one now and goes with the next update
    const script = 'cd "$(ls -d /var/lib/release-agent/slots/* | sort -V | head -1)" && exec sleep 600';
    await instance.exec(['systemd-run', `--unit=${HOLDER}`, 'sh', '-c', script]);
  },
  reason: /is still in use: .*holder\.service/,
  end: async ({instance}) => void (await instance.exec(['systemctl', 'stop', HOLDER])),
};

export const BUSY: readonly Trial<Lane>[] = [
  {name: 'a detach is stuck', run: (t, lane) => run(t, lane, stuckDetaching)},
  {name: 'a process holds the old release', run: (t, lane) => run(t, lane, heldByProcess)},
];
