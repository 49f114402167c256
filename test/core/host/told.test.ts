/** What people are told of a host: since when, why, and what an operator's request does at once. */
import t from 'tap';
import {readDesired} from '../../../agent/core/desired.ts';
import type {Effect} from '../../../agent/core/host/effect.ts';
import type {Event} from '../../../agent/core/host/event.ts';
import type {State} from '../../../agent/core/host/state.ts';
import {transition} from '../../../agent/core/host/transition.ts';
import {whyNot} from '../../../agent/core/host/why.ts';
import {ask, createWorld, fire, happen, RULES, settleWorld, snap, type World} from './world.ts';

const servingOne = (): World => {
  const world = createWorld({asked: {release: snap(1), version: '1'}});
  settleWorld(world);
  return world;
};

const step = (state: State, event: object): readonly [State, readonly Effect[]] =>
  transition(RULES, state, {now: state.since + 60_000, random: 0.5, ...event} as Event);

const refused = (text: string) => ({type: 'desired.read', reading: readDesired(text, '9')});

const warnings = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap(effect => (effect.type === 'log' ? [`${effect.level} ${effect.cause.kind}`] : []));

t.test('a host that goes on serving serves since it began to', async t => {
  const {state} = servingOne();
  const [next] = step(state, refused('main'));
  t.equal(next.since, state.since);
  const [held] = step(next, {type: 'operator.held', by: 'anna', note: 'a'});
  t.equal(held.since, state.since + 60_000, 'held is another phase');
  t.equal(step(held, {type: 'operator.held', by: 'anna', note: 'b'})[0].since, held.since);
});

t.test('a refused desired release is logged, once', async t => {
  const {state} = servingOne();
  const [next, effects] = step(state, refused('main'));
  t.same(warnings(effects), ['warning desired.refused']);
  t.same(warnings(step(next, refused('main'))[1]), [], 'the same again');
  t.same(warnings(step(next, refused('master'))[1]), ['warning desired.refused'], 'another one');
});

const blockedStaging = (): World => {
  const world = servingOne();
  world.faults.set('release.stage', ['error', 'error', 'error']);
  ask(world, snap(2), '2');
  settleWorld(world, {timers: 1});
  t.match(world.state, {phase: 'staging', blocked: {}, attempt: {tries: 2}});
  return world;
};

t.test('while a staging is tried again the reason why is still said', async t => {
  const world = blockedStaging();
  const before = whyNot(world.state);
  fire(world);
  t.ok(before);
  t.same(whyNot(world.state), before);
});

t.test('"retry" ends the pause between two tries of a staging', async t => {
  const world = blockedStaging();
  happen(world, {type: 'operator.retried', by: 'anna'} as never);
  t.equal(world.pending.filter(({type}) => type === 'release.stage').length, 1);
  t.match(world.state, {phase: 'staging', attempt: {tries: 0}});
});

t.test('so does the same release under a new version', async t => {
  const world = blockedStaging();
  ask(world, snap(2), '3');
  t.equal(world.pending.filter(({type}) => type === 'release.stage').length, 1);
  t.match(world.state, {phase: 'staging', attempt: {tries: 0, version: '3'}});
});

t.test('a booting host says what is in the way while it looks again', async t => {
  const world = createWorld({storeUp: false});
  settleWorld(world, {timers: 0});
  const before = whyNot(world.state);
  fire(world);
  t.ok(before);
  t.same(whyNot(world.state), before);
});

t.test('a host that knows of no release removes none before one serves: its journal may be lost', async t => {
  const world = createWorld({asked: {release: snap(1), version: '1'}});
  settleWorld(world, {until: 'activating'});
  t.notMatch(world.log.join('\n'), /slots.prune/);
  settleWorld(world);
  t.match(world.log.join('\n'), /slots.prune, keep 1-snap-11111111/);
});

t.test('unless it cannot be staged otherwise', async t => {
  const world = createWorld({asked: {release: snap(1), version: '1'}});
  world.faults.set('release.stage', ['error']);
  settleWorld(world, {until: 'activating'});
  t.match(world.log.join('\n'), /slots.prune/);
});
