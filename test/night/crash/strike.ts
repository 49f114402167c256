/** Strikes a host at an exact step of its journey. */
import process from 'node:process';
import type {Held, Point} from '../../lab/instance/hold.ts';
import {gone, startTimeOf} from '../../lab/process.ts';
import {eventually} from '../../support/eventually.ts';
import type {Lane} from './lane.ts';
import {type Row, stepOf, type Victim} from './step.ts';

const MEET_MS = 90_000;
const MIDWAY_MS = 400;

/** Begins the journey, strikes when the row says, and starts again what was struck. Gives the step that the journal was left with. */
export const strike = async (lane: Lane, row: Row, begin: () => Promise<unknown>): Promise<string> => {
  const meeting = lane.holder.hold(meets(row), MEET_MS);
  const [held] = await Promise.all([meeting, begin()]);
  await blows[row.victim](lane, row.when === 'midway' ? await midway(lane, held) : held);
  const state = lane.holder.state();
  if (row.victim !== 'agent') await lane.instance.boot();
  return state ? stepOf(state) : 'nothing';
};

const meets = ({step, after, when}: Row): ((point: Point) => boolean) => {
  const seen = new Set<string>();
  let last: string | null = null;
  return ({moment, state}) => {
    if (moment === 'written' && state) {
      last = stepOf(state);
      seen.add(last);
    }
    const isDue = last === step && (after === null || seen.has(after));
    return isDue && (moment === 'writing') === (when === 'writing');
  };
};

/** Somewhere between the two writes, at the latest when the second begins. */
const midway = async ({holder}: Lane, held: Held): Promise<Held> => {
  const next = holder.hold(({moment}) => moment === 'writing', Math.random() * MIDWAY_MS);
  held.release();
  return next.catch(() => held);
};

const blows: {readonly [V in Victim]: (lane: Lane, held: Held) => Promise<void>} = {
  agent: async (_lane, {pid}) => {
    const agent = {pid, startTime: startTimeOf(pid) ?? ''};
    process.kill(pid, 'SIGKILL');
    if (!(await gone(agent, 10_000))) throw new Error(`the agent (pid ${pid}) outlived it`);
  },
  instance: ({instance}) => instance.kill(),
  // Held until it was told to stop: it has to end from exactly this step.
  reboot: async ({instance}, held) => {
    const stopping = instance.stop();
    await eventually(
      'the agent to be told to stop',
      async () => {
        const {stdout, code} = await instance.exec(['systemctl', 'is-active', 'release-agentd']);
        return stdout !== 'active\n' && stdout !== 'activating\n' && (stdout !== '' || code !== 0);
      },
      {timeoutMs: 30_000},
    );
    held.release();
    await stopping;
  },
};
