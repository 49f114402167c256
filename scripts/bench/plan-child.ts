/** Runs with the options of the agent's unit: plans for fleets of the sizes in argv, and prints the times in ms as JSON. */
import {performance} from 'node:perf_hooks';
import process from 'node:process';
import {NO_MEMBERS, noteMembers} from '../../agent/core/fleet/members.ts';
import {plan} from '../../agent/core/fleet/plan.ts';
import {readStatus} from '../../agent/core/host/status.ts';
import {halfwayFleet, waitingFleet} from './plan-fleet.ts';

const RUNS = 3;

/** The best of three: what else the machine does only adds. */
const best = (work: () => unknown): number => {
  const times = Array.from({length: RUNS}, () => {
    const began = performance.now();
    work();
    return performance.now() - began;
  });
  return Math.min(...times);
};

const timesOf = (count: number) => {
  const view = waitingFleet(count);
  const halfway = halfwayFleet(count);
  const texts = view.hosts.map(host => [`hosts/${host.instance}`, JSON.stringify(host)] as const);
  const sighting = {hosts: view.hosts, holders: [], rollout: '42', ec2: new Map(), now: view.now};
  const {members} = noteMembers(NO_MEMBERS, sighting);
  if (plan(view).granted.length === 0) throw new Error('no permit is granted');
  if (plan(halfway).granted.length !== 1) throw new Error('not one permit is granted halfway');
  return {
    hosts: count,
    waiting: best(() => plan(view)),
    halfway: best(() => plan(halfway)),
    members: best(() => noteMembers(members, sighting)),
    read: best(() => texts.map(([key, text]) => readStatus(key, text))),
  };
};

console.log(JSON.stringify(process.argv.slice(2).map(count => timesOf(Number(count)))));
