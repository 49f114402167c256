import t from 'tap';
import {freshState} from '../../../agent/core/host/recover.ts';
import type {Purpose, State} from '../../../agent/core/host/state.ts';
import {createSteps} from '../../../agent/runtime/operator/steps.ts';

const fresh = freshState({now: 1_000, random: 0});
const target = (generation: number) => ({
  ...{generation, slot: `s${generation}`, release: {kind: 'ebs', snapshot: 'snap-11111111'} as const},
});
const staging = (purpose: Purpose, generation: number, since: number, over: Partial<State> = {}): State =>
  ({
    ...{...fresh, generation, since, ...over},
    ...{phase: 'staging', blocked: null},
    attempt: {purpose, target: target(generation), version: '1', tries: 0, cause: null, result: 'done'},
  }) as State;

t.test('attempts are counted as they begin, and phases timed as they are left', t => {
  const steps = createSteps(fresh);
  t.same(
    [...steps.attempts],
    [
      ['boot', 0],
      ['update', 0],
      ['rollback', 0],
    ],
  );
  const boot = staging('boot', 1, 3_000);
  steps.saw(boot, fresh);
  steps.saw({...boot, since: 3_000}, boot);
  t.same(Object.fromEntries(steps.attempts), {boot: 1, update: 0, rollback: 0});
  t.same([...steps.lastMs], [['booting', 2_000]]);
  const update = staging('update', 2, 4_000);
  const back = staging('rollback', 2, 5_000);
  steps.saw(update, boot);
  steps.saw(back, update);
  steps.saw(staging('rollback', 3, 6_000), back);
  t.same(Object.fromEntries(steps.attempts), {boot: 1, update: 1, rollback: 2});
  steps.saw({...fresh, since: 0}, back);
  t.equal(steps.lastMs.get('staging'), 0, 'a clock that was set back');
  t.end();
});

t.test('a permit is held since it came', t => {
  const held = {...fresh, permit: 7};
  const steps = createSteps(held);
  t.equal(steps.permitSince(), 1_000, 'after a start: since the phase began');
  steps.saw({...held, since: 2_000}, held);
  t.equal(steps.permitSince(), 1_000);
  steps.saw({...fresh, since: 3_000}, held);
  t.equal(steps.permitSince(), null);
  steps.saw({...fresh, permit: 8, since: 4_000}, fresh);
  t.equal(steps.permitSince(), 4_000);
  t.equal(createSteps(fresh).permitSince(), null);
  t.end();
});
