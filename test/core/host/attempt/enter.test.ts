/** How each phase begins: its whole state, what is asked of the host, and until when. */
import t from 'tap';
import {
  enterActivating,
  enterBaking,
  enterBooting,
  enterDraining,
  enterGating,
  enterHeld,
  enterRejoining,
  enterRollingBack,
  enterServing,
  enterStaging,
  enterWaiting,
  leave,
  pauseTimer,
  rejoin,
} from '../../../../agent/core/host/attempt/enter.ts';
import type {Effect} from '../../../../agent/core/host/effect.ts';
import {freshState} from '../../../../agent/core/host/recover.ts';
import {HIDE_MS, type Rules} from '../../../../agent/core/host/rules.ts';
import type {Attempt, State} from '../../../../agent/core/host/state.ts';
import {common, type Step} from '../../../../agent/core/host/step.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {snap} from '../world.ts';

/** Each is another number, so that none can stand for another. */
const RULES: Rules = {
  stageTimeoutMs: 100_000,
  drainTimeoutMs: 200_000,
  activateTimeoutMs: 300_000,
  gateTimeoutMs: 400_000,
  bakeMs: 500_000,
};
const NOW = {now: 7_000, random: 0};
const cause = reason('operator.rollback', {by: 'ada'});
const active = {generation: 4, release: snap(1), slot: '4-a'};
const previous = {generation: 3, release: snap(2), slot: '3-b'};
const target = {generation: 6, release: snap(3), slot: '6-c'};
const attempt: Attempt = {purpose: 'update', target, version: '9', tries: 0, cause: null, result: 'done'};

/** A host that knows something of everything. */
const host: State = {
  ...freshState({now: 1_000, random: 0}),
  phase: 'held',
  cause,
  generation: 5,
  active,
  previous,
  permit: 8,
  cut: ['10.0.0.9:1'],
};
const began = (over: object) => ({...common(host), since: 7_000, ...over});
const deadline = (phase: State['phase'], generation: number, afterMs: number): Effect => ({
  type: 'timer.set',
  timer: 'deadline',
  phase,
  generation,
  afterMs,
});
const staged: Effect = {type: 'release.stage', generation: 6, target};

const BEGINNINGS: Readonly<Record<string, readonly [step: Step, state: object, effects: readonly Effect[]]>> =
  {
    booting: [
      enterBooting(host, NOW),
      {blocked: null, tries: 0},
      [{type: 'boot.view', generation: 5}, deadline('booting', 5, 30_000)],
    ],
    staging: [
      enterStaging(host, attempt, NOW, RULES),
      {generation: 6, attempt, blocked: null},
      [
        {type: 'slots.prune', generation: 6, keep: [active, previous, target]},
        staged,
        deadline('staging', 6, 110_000),
      ],
    ],
    waiting: [
      enterWaiting(host, attempt, NOW),
      {attempt, blocked: null},
      [{type: 'permit.ask', generation: 5, version: '9'}],
    ],
    draining: [
      enterDraining(host, attempt, NOW, RULES),
      {step: 'leaving', attempt, out: true, cut: []},
      [{type: 'traffic.leave', generation: 5}, deadline('draining', 5, 230_000)],
    ],
    activating: [
      enterActivating({...host, strange: true}, attempt, NOW, RULES),
      {out: true, strange: false, attempt},
      [
        {type: 'release.activate', generation: 5, target, previous: active},
        deadline('activating', 5, 310_000),
      ],
    ],
    gating: [
      enterGating(host, attempt, NOW, RULES),
      {out: true, attempt},
      [{type: 'gate.probe', generation: 5, timeoutMs: 400_000}, deadline('gating', 5, 410_000)],
    ],
    rejoining: [
      enterRejoining(host, attempt, NOW),
      {attempt, blocked: null},
      [{type: 'traffic.rejoin', generation: 5}, deadline('rejoining', 5, 30_000)],
    ],
    baking: [
      enterBaking(host, attempt, NOW, RULES),
      {attempt},
      [{type: 'bake.watch', generation: 5, forMs: 500_000}, deadline('baking', 5, 510_000)],
    ],
    'rolling-back': [
      enterRollingBack(host, attempt, NOW, RULES),
      {generation: 6, attempt, blocked: null},
      [staged, deadline('rolling-back', 6, 110_000)],
    ],
    serving: [enterServing(host, NOW), {}, []],
    held: [enterHeld({...host, phase: 'serving'}, cause, NOW), {cause}, []],
  };

for (const [phase, [[state, effects], over, expected]] of Object.entries(BEGINNINGS))
  t.test(`how ${phase} begins: what it remembers, what it asks for, how long it has`, async t => {
    t.strictSame(state, began({phase, ...over}));
    t.strictSame(effects, expected);
  });

t.test('a second try has as long as the first, and does not begin the phase anew', async t => {
  const draining = enterDraining(host, attempt, NOW, RULES);
  t.strictSame(leave(draining[0], RULES), draining[1]);
  const rejoining = enterRejoining(host, attempt, NOW);
  t.strictSame(rejoin(rejoining[0]), rejoining[1]);
});

t.test('what is pruned before staging: nothing where an unknown application may run from a slot', async t => {
  const effects = (over: Partial<State>, tries: number) =>
    enterStaging({...host, ...over} as State, {...attempt, tries}, NOW, RULES)[1].map(({type}) => type);
  const without = ['release.stage', 'timer.set'];
  const first = ['slots.prune', ...without];
  t.strictSame(effects({}, 0), first);
  t.strictSame(effects({active: null}, 0), without, 'its journal may be lost');
  t.strictSame(effects({active: null}, 1), first, 'there may have been no room');
  t.strictSame(effects({strange: true}, 1), without);
});

t.test('a release is activated in the place of the one that runs, or of the one before itself', async t => {
  const replaced = (slot: string) =>
    enterActivating(host, {...attempt, target: {...target, slot}}, NOW, RULES)[1].flatMap(effect =>
      effect.type === 'release.activate' ? [effect.previous?.slot ?? null] : [],
    );
  t.strictSame(replaced('6-c'), ['4-a']);
  t.strictSame(replaced('4-a'), ['3-b']);
});

t.test('a boot that drained nothing leaves traffic before it starts, and has longer for both', async t => {
  const boot: Attempt = {...attempt, purpose: 'boot'};
  const [, effects] = enterActivating(host, boot, NOW, RULES);
  t.strictSame(effects[0], {type: 'traffic.hide', generation: 5, timeoutMs: HIDE_MS});
  t.strictSame(effects[2], deadline('activating', 5, HIDE_MS + 310_000));
  const [draining] = enterDraining(host, boot, NOW, RULES);
  const [first, last] = enterActivating(draining, boot, NOW, RULES)[1];
  t.match(first, {type: 'release.activate'}, 'it has left already');
  t.strictSame(last, deadline('activating', 5, 310_000));
});

t.test('one that serves or is held goes on since it began to', async t => {
  t.equal(enterServing({...host, phase: 'serving'}, NOW)[0].since, 1_000);
  t.equal(enterHeld(host, cause, NOW)[0].since, 1_000);
});

t.test('the pause of a release ends by its timer, which a clock set back does not make longer', async t => {
  const rejected = {release: snap(3), version: '9', cause, at: 5_000, retryAt: 8_000};
  const serving: State = {...host, phase: 'serving', rejected};
  const left = (now: number) => pauseTimer(serving, now).map(effect => 'afterMs' in effect && effect.afterMs);
  t.strictSame(left(7_000), [1_000]);
  t.strictSame(left(1_000), [3_000]);
  t.strictSame(left(9_000), [0]);
  t.strictSame(pauseTimer({...serving, rejected: {...rejected, retryAt: null}}, 7_000), []);
  t.strictSame(pauseTimer({...serving, rejected: null}, 7_000), []);
  t.strictSame(pauseTimer({...host, rejected}, 7_000), [], 'a host that is held has a timer of its own');
  t.strictSame(enterServing(serving, NOW)[1], [], 'it is set already');
  const retry = {type: 'timer.set', timer: 'retry', phase: 'serving', generation: 5, afterMs: 1_000};
  t.strictSame(enterServing({...host, rejected}, NOW)[1], [retry]);
});
