import type {Clock} from '../../../agent/host/clock.ts';
import type {Ec2} from '../../../agent/host/ec2/ec2.ts';
import type {Timeline} from '../timeline.ts';
import type {Machine} from './machine.ts';

export interface SimulatedEc2 {
  /** it answers nobody while it is true */
  isDown: boolean;
  /** what an agent can ask of it */
  asSeenBy(clock: Clock): Pick<Ec2, 'instanceState'>;
  terminated(instance: string): void;
}

/** so long EC2 still knows an instance that is terminated, ms */
const REMEMBERED_MS = 3_600_000;
const SHUTTING_DOWN_MS = 20_000;

/** EC2 as it is asked for the states of instances. */
export const createEc2 = (timeline: Timeline, machines: ReadonlyMap<string, Machine>): SimulatedEc2 => {
  const ended = new Map<string, number>();
  const stateOf = (instance: string): string | null => {
    const at = ended.get(instance);
    if (at === undefined) return machines.has(instance) ? 'running' : null;
    const ago = timeline.now() - at;
    if (ago > REMEMBERED_MS) return null;
    return ago < SHUTTING_DOWN_MS ? 'shutting-down' : 'terminated';
  };
  const ec2: SimulatedEc2 = {
    isDown: false,
    asSeenBy: clock => ({
      instanceState: async (instance, signal) => {
        await clock.sleep(ec2.isDown ? 60_000 : 40 + 200 * clock.random(), signal);
        signal.throwIfAborted();
        if (ec2.isDown) throw new Error('no answer');
        return stateOf(instance);
      },
    }),
    terminated: instance => void ended.set(instance, timeline.now()),
  };
  return ec2;
};
