/** What comes too late: results and timers of another generation or phase change nothing, in any phase. */
import t from 'tap';
import type {Event} from '../../../agent/core/host/event.ts';
import type {State} from '../../../agent/core/host/state.ts';
import {PHASES} from '../../../agent/core/host/state.ts';
import {transition} from '../../../agent/core/host/transition.ts';
import {reason} from '../../../agent/core/reason.ts';
import {servingOne} from './serving.ts';
import {ask, RULES, settleWorld, snap, type World} from './world.ts';

const cause = reason('operator.rollback', {by: 'ada'});

/** Every result there is, without its generation. */
const RESULTS = [
  {
    type: 'boot.seen',
    view: {
      reachable: true,
      proven: snap(3),
      denied: [],
      desired: null,
      seed: null,
      settingUp: false,
      cause: null,
    },
  },
  {type: 'release.staged'},
  {type: 'release.stage-failed', cause},
  {type: 'traffic.left'},
  {type: 'traffic.leave-failed', cause},
  {type: 'drain.ended', cut: ['10.0.0.9:1']},
  {type: 'release.activated'},
  {type: 'release.activate-failed', cause},
  {type: 'gate.passed'},
  {type: 'gate.failed', cause},
  {type: 'traffic.rejoined'},
  {type: 'traffic.rejoin-failed', cause},
  {type: 'bake.passed'},
  {type: 'bake.failed', cause},
  {type: 'permit.blocked', cause},
] as const;

const worlds = (): readonly World[] => {
  const all: World[] = [];
  for (const bad of [false, true])
    for (const until of PHASES) {
      const world = servingOne();
      if (bad) world.faults.set('gate.probe', ['error']);
      ask(world, snap(2), '2');
      settleWorld(world, {until});
      if (world.state.phase === until) all.push(world);
    }
  return all;
};

t.test('a result of another generation', async t => {
  for (const {state, now} of worlds())
    for (const result of RESULTS)
      for (const generation of [state.generation - 1, state.generation + 1]) {
        const event = {...result, generation, now, random: 0.5} as unknown as Event;
        const [next, effects] = transition(RULES, state, event);
        t.equal(next, state, `${state.phase}: ${result.type}`);
        t.same(effects, [{type: 'log.ignored', event: result.type, phase: state.phase}]);
      }
});

t.test('a timer of another phase or generation', async t => {
  for (const {state, now} of worlds())
    for (const phase of PHASES)
      for (const generation of [state.generation - 1, state.generation]) {
        if (phase === state.phase && generation === state.generation) continue;
        for (const timer of ['deadline', 'retry'] as const) {
          const event: Event = {type: 'timer.fired', timer, phase, generation, now, random: 0.5};
          t.equal(transition(RULES, state, event)[0], state, `${state.phase}: ${timer} of ${phase}`);
        }
      }
});

t.test('a permit is taken in spite of its generation, when it is the one that is asked for', async t => {
  const world = servingOne({grants: false});
  ask(world, snap(2), '2');
  settleWorld(world, {until: 'waiting'});
  const {state, now} = world;
  const permit = (over: object) =>
    transition(RULES, state, {
      type: 'permit.granted',
      generation: state.generation,
      fence: 9,
      version: '2',
      now,
      random: 0.5,
      ...over,
    } as Event)[0];
  t.match(permit({}), {phase: 'draining', permit: 9});
  t.match(permit({version: '1'}), {phase: 'waiting', permit: null, outcome: {fence: 9, result: 'unused'}});
});

t.test(
  'a host that goes by a permit takes a later one for the same: a ledger that was restored gave it anew',
  async t => {
    const world = servingOne({grants: false});
    ask(world, snap(2), '2');
    settleWorld(world, {until: 'waiting'});
    const {now} = world;
    const permit = (state: State, fence: number) =>
      transition(RULES, state, {
        type: 'permit.granted',
        generation: state.generation,
        fence,
        version: '2',
        now,
        random: 0.5,
      } as Event);
    const [draining] = permit(world.state, 9);
    t.match(permit(draining, 12), [{phase: 'draining', permit: 12, outcome: draining.outcome}, []]);
    t.match(permit(draining, 9)[0], {permit: 9});
    t.match(permit(draining, 8)[0], {permit: 9}, 'an older one says nothing');
  },
);
