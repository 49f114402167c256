/** How often attempts at a release may end without a verdict, and what a serving host does when that is over. */
import t from 'tap';
import {countEnding, endingsOf, isWornOut} from '../../../../agent/core/host/attempt/begun.ts';
import {consider} from '../../../../agent/core/host/attempt/consider.ts';
import {freshState} from '../../../../agent/core/host/recover.ts';
import type {State} from '../../../../agent/core/host/state.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {RULES, snap} from '../world.ts';

const NOW = {now: 7_000, random: 0};
const cause = reason('crash.recovered', {phase: 'gating'});
const host: State = {
  ...freshState({now: 0, random: 0}),
  phase: 'serving',
  active: {generation: 4, release: snap(1), slot: '4-a'},
  desired: {release: snap(2), version: '9'},
};
const after = (endings: readonly ('release' | 'agent')[], state = host) =>
  endings.reduce((each, ending) => countEnding(each, '9', ending), state);
const times = (count: number, ending: 'release' | 'agent') => Array.from({length: count}, () => ending);

t.test('endings are counted by kind, for one desired version', async t => {
  const three = after(['release', 'agent', 'agent']);
  t.strictSame(three.begun, {version: '9', count: 1, restarts: 2});
  t.equal(endingsOf(three, '9'), 3);
  t.equal(endingsOf(three, '8'), 0, 'none of another version');
  t.equal(endingsOf(host, '9'), 0);
  t.strictSame(countEnding(three, '8', 'release').begun, {version: '8', count: 1, restarts: 0});
  t.strictSame(countEnding(three, '8', 'agent').begun, {version: '8', count: 0, restarts: 1});
});

t.test('three of the release are enough, or ten of the agent', async t => {
  const isOver = (endings: readonly ('release' | 'agent')[]) => isWornOut(after(endings), '9');
  t.notOk(isOver([...times(2, 'release'), ...times(9, 'agent')]));
  t.ok(isOver(times(3, 'release')));
  t.ok(isOver(times(10, 'agent')));
  t.notOk(isWornOut(after(times(3, 'release')), '8'));
});

t.test('a serving host leaves alone what is worn out, for good, and says why', async t => {
  const worn = after([...times(3, 'release'), 'agent']);
  const [fresh] = consider(worn, NOW, RULES);
  const rejected = {release: snap(2), version: '9', at: 7_000, retryAt: null};
  t.equal(fresh.phase, 'serving');
  t.strictSame(fresh.rejected, {...rejected, cause: reason('release.begun-too-often', {count: 4})});
  t.strictSame(fresh.active, host.active, 'it is the same host');
  const paused = {...rejected, cause, at: 6_000, retryAt: 6_000};
  const [again, effects] = consider({...worn, rejected: paused}, NOW, RULES);
  t.strictSame(again.rejected, {...rejected, cause}, 'what ended it last is kept');
  t.strictSame(effects, []);
});

t.test('a serving host begins what is asked for, with a clean sheet', async t => {
  const paused = {release: snap(2), version: '9', cause, at: 6_000, retryAt: 6_000};
  const [next] = consider({...after(['release']), rejected: paused}, NOW, RULES);
  t.match(next, {
    phase: 'staging',
    generation: 1,
    begun: {count: 1},
    attempt: {purpose: 'update', version: '9'},
  });
  t.equal(next.rejected, null);
});

t.test('a serving host has nothing to do', async t => {
  const phaseOf = (over: Partial<State>) => consider({...host, ...over} as State, NOW, RULES)[0].phase;
  t.equal(phaseOf({desired: null}), 'serving');
  t.equal(phaseOf({desired: {release: snap(1), version: '10'}}), 'serving');
  const failed = {release: snap(2), version: '9', cause, at: 6_000, retryAt: null};
  t.equal(phaseOf({rejected: failed}), 'serving');
  t.equal(phaseOf({rejected: {...failed, version: '8'}}), 'staging');
  t.equal(phaseOf({active: null}), 'staging');
  t.equal(phaseOf({hold: {by: 'ada', note: 'disk', at: 0}}), 'held');
});
