import {setTimeout as sleep} from 'node:timers/promises';
import t from 'tap';
import type {Effect} from '../../../agent/core/host/effect.ts';
import type {Result} from '../../../agent/core/host/event.ts';
import type {EventInput} from '../../../agent/core/host/event-input.ts';
import type {Reason} from '../../../agent/core/reason.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import type {Log} from '../../../agent/ports.ts';
import {createEffects} from '../../../agent/runtime/effects/effects.ts';
import type {Operation} from '../../../agent/runtime/effects/executors.ts';
import {eventually} from '../../support/eventually.ts';

const quiet: Log = {debug: () => {}, info: () => {}, warning: () => {}, error: () => {}};
const probe: Effect = {type: 'gate.probe', generation: 1, timeoutMs: 1};
const rejoin: Effect = {type: 'traffic.rejoin', generation: 1};

const setUp = (
  execute: (operation: Operation, signal: AbortSignal) => Promise<Result | null>,
  waitOut = async (_cause: Reason, _signal: AbortSignal): Promise<void> => {},
) => {
  const heard: EventInput[] = [];
  const dispatch = (each: EventInput) => void heard.push(each);
  return {heard, effects: createEffects({execute, dispatch, waitOut, clock: systemClock, log: quiet})};
};

t.test('operations of one step run one after another', async t => {
  const order: string[] = [];
  const {effects, heard} = setUp(async ({type, generation}) => {
    order.push(`${type} begins`);
    await sleep(5);
    order.push(`${type} ends`);
    return type === 'gate.probe' ? {type: 'gate.passed', generation} : {type: 'traffic.rejoined', generation};
  });
  effects.start([probe, rejoin], true);
  await eventually('both results', () => heard.length === 2);
  t.same(order, ['gate.probe begins', 'gate.probe ends', 'traffic.rejoin begins', 'traffic.rejoin ends']);
});

t.test('leaving a phase ends its operation, and its result is not heard', async t => {
  let aborted = false;
  let begun = false;
  const {effects, heard} = setUp(async ({type, generation}, signal) => {
    if (type === 'traffic.rejoin') return {type: 'traffic.rejoined', generation};
    begun = true;
    await sleep(60_000, undefined, {signal}).catch(() => undefined);
    aborted = signal.aborted;
    return {type: 'gate.passed', generation};
  });
  effects.start([probe], true);
  await eventually('the first operation', () => begun);
  effects.start([rejoin], true);
  await eventually('the second result', () => heard.length > 0);
  t.ok(aborted);
  t.same(
    heard.map(each => each.type),
    ['traffic.rejoined'],
  );
});

t.test('a step that stays in its phase without operations disturbs nothing', async t => {
  const {effects, heard} = setUp(async ({generation}) => {
    await sleep(10);
    return {type: 'gate.passed', generation};
  });
  effects.start([probe], true);
  effects.start([], false);
  await eventually('the result', () => heard.length === 1);
  t.equal(heard[0]?.type, 'gate.passed');
});

t.test('there is one timer at a time, and leaving the phase ends it', async t => {
  const {effects, heard} = setUp(async () => null);
  const timer = (which: 'deadline' | 'retry', afterMs: number): Effect => ({
    type: 'timer.set',
    timer: which,
    phase: 'gating',
    generation: 1,
    afterMs,
  });
  effects.start([timer('deadline', 60_000), timer('retry', 1)], true);
  await eventually('the timer', () => heard.length === 1);
  t.match(heard[0], {type: 'timer.fired', timer: 'retry', phase: 'gating'});
  effects.start([timer('deadline', 5)], true);
  effects.start([timer('retry', 20)], true);
  await eventually('the timer of the phase that follows', () => heard.length === 2);
  t.match(heard[1], {type: 'timer.fired', timer: 'retry'}, 'and not the one of the phase that was left');
  effects.stop();
});

t.test('an operation that throws does not end the agent', async t => {
  const {effects, heard} = setUp(async operation => {
    if (operation.type === 'gate.probe') throw new Error('out of order');
    return {type: 'traffic.rejoined', generation: 1};
  });
  effects.start([probe, rejoin], true);
  await eventually('the next one', () => heard.length === 1);
  t.equal(heard[0]?.type, 'traffic.rejoined');
});

t.test('a deadline that is missed while the host shuts down is told to nobody', async t => {
  const deadline = {
    type: 'timer.set',
    timer: 'deadline',
    phase: 'gating',
    generation: 1,
    afterMs: 1,
  } as const;
  const causes: Reason[] = [];
  let goesOn = () => {};
  const {effects, heard} = setUp(
    async () => null,
    async cause => {
      causes.push(cause);
      await new Promise<void>(resolve => {
        goesOn = resolve;
      });
    },
  );
  effects.start([deadline], true);
  await eventually('the deadline', () => causes.length === 1);
  t.match(causes, [{kind: 'phase.late', details: {phase: 'gating'}}]);
  t.same(heard, []);
  goesOn();
  await eventually('it to be told once the host goes on', () => heard.length === 1);
  effects.start([deadline], true);
  await eventually('the next deadline', () => causes.length === 2);
  effects.start([{...deadline, timer: 'retry', phase: 'rejoining'}], true);
  goesOn();
  await eventually('a pause to end at once', () => heard.length === 2);
  t.match(heard, [{timer: 'deadline'}, {timer: 'retry', phase: 'rejoining'}]);
});
