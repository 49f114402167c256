/** What goes wrong when the update is long over, or where going back does not help at once. */
import type {Test} from 'tap';
import {journalled} from '../../lab/instance/agents.ts';
import {eventually} from '../../support/eventually.ts';
import type {Lane} from '../bad-input/lane.ts';
import {whileLossy} from '../lossy.ts';
import {listen, silent} from '../told.ts';
import type {Trial} from '../trials.ts';

const TOLD_MS = 120_000;

const toldEverywhere = async (
  t: Test,
  say: Awaited<ReturnType<typeof listen>>,
  reason: RegExp,
): Promise<void> => {
  let missing: readonly string[] = ['all'];
  const isTold = async () => {
    missing = silent(await say(), reason);
    return missing.length === 0;
  };
  const what = `log, STATUS=, status and why say ${reason}`;
  await eventually(what, isTold, {timeoutMs: TOLD_MS, everyMs: 200}).catch(() => undefined);
  t.same(missing, [], what);
};

/** It answered its health check for the whole of its bake time: from then on it is its supervisor's, and the agent only says so. */
const sickLater: Trial<Lane> = {
  name: 'a release that turns sick after its bake time',
  run: (t, lane) =>
    whileLossy(lane, async () => {
      const say = await listen(lane.instance);
      const next = await lane.make('git', {sickAfterS: 12});
      await lane.put('desired', next.id);
      await toldEverywhere(t, say, /the application does not pass its probes: http .*HTTP 500/);
      t.equal((await journalled(lane.instance))?.phase, 'serving', 'it is not touched');
      await lane.settled(t, await lane.good(), 'the next release is followed');
    }),
};

const LEAK = '/etc/systemd/system/web.service.d/leak.conf';

/** The old application's child keeps the port: neither the new release nor the old one can have it until it is gone. */
const leaksPort: Trial<Lane> = {
  name: 'a release whose port stays taken when it ends',
  run: async (t, lane) => {
    const {instance} = lane;
    const sh = (script: string) => instance.exec(['sh', '-c', script]);
    await sh(
      `mkdir -p ${LEAK.replace(/[/][^/]+$/, '')} && printf '[Service]\\nKillMode=process\\n' > ${LEAK} && systemctl daemon-reload`,
    );
    try {
      const leaking = await lane.make('git', {leavesPort: true});
      await lane.put('desired', leaking.id);
      await lane.settled(t, leaking, 'in service on it');
      const say = await listen(instance);
      const next = await lane.good();
      await toldEverywhere(t, say, /the previous release does not come back either: .*/);
      await sh(`rm -f ${LEAK} && systemctl daemon-reload; pkill -xf "sleep 86400"`);
      await eventually(
        'it to serve again by itself',
        async () => (await journalled(instance))?.phase === 'serving',
        {timeoutMs: 200_000, everyMs: 500},
      );
      await lane.put('desired', leaking.id);
      await lane.put('desired', next.id);
      await lane.settled(t, next, 'the next release is followed once the port is free');
    } finally {
      await sh(`rm -f ${LEAK} && systemctl daemon-reload; pkill -xf "sleep 86400"`);
    }
  },
};

export const LATER_TRIALS: readonly Trial<Lane>[] = [sickLater, leaksPort];
