/** Applications that are odd, not broken: the update to each, and the one away from it, go through without a lost request. */
import type {ReleaseOptions} from '../../lab/application/releases.ts';
import {eventually} from '../../support/eventually.ts';
import {everything} from '../../support/sample.ts';
import type {Lane} from '../bad-input/lane.ts';
import type {Trial} from '../trials.ts';

const odd = (name: string, how: Partial<ReleaseOptions>): Trial<Lane> => ({
  name: `a release that ${name}`,
  run: async (t, lane) => {
    const next = await lane.make('git', how);
    await lane.put('desired', next.id);
    await lane.settled(t, next, 'in service on it');
    await lane.settled(t, await lane.good(), 'and on the one after it');
  },
});

const GATE = '/etc/release-agent/config.d/60-patient.toml';
const START_S = 90;

/** The real thing: a minute and a half until the first answer, and a gate that allows for it. */
const minuteAndAHalf: Trial<Lane> = {
  name: `a release that takes ${START_S} s to start`,
  run: async (t, lane) => {
    const {instance} = lane;
    const agent = (...args: string[]) => instance.exec(['sh', '-c', ...args]);
    await agent(`printf '[gate]\\ntimeout = "150s"\\n' > ${GATE} && systemctl restart release-agentd`);
    try {
      const next = await lane.make('git', {startDelayS: START_S});
      await lane.put('desired', next.id);
      const began = performance.now();
      const isUp = async () =>
        (await instance.exec(['curl', '-sf', '-m1', 'http://127.0.0.1:8080/version'])).stdout ===
        next.release.name;
      await eventually('its first answer', isUp, {timeoutMs: 200_000, everyMs: 500});
      t.ok(performance.now() - began > START_S * 1_000, 'it took its time');
      await lane.settled(t, next, 'in service on it');
    } finally {
      await agent(`rm -f ${GATE} && systemctl restart release-agentd`);
    }
    await lane.settled(t, await lane.good(), 'and on the one after it');
  },
};

export const ODD_TRIALS: readonly Trial<Lane>[] = [
  odd('ignores SIGTERM', {ignoresTerm: true}),
  odd('forks', {forks: true}),
  odd('takes a while to start', {startDelayS: 4}),
  odd('ignores SIGTERM, forks and takes a while', {ignoresTerm: true, forks: true, startDelayS: 2}),
  ...(everything() ? [minuteAndAHalf] : []),
];
