import t from 'tap';
import {fallbackOf, newAttempt} from '../../../../agent/core/host/attempt/attempt.ts';
import {freshState} from '../../../../agent/core/host/recover.ts';
import type {State} from '../../../../agent/core/host/state.ts';
import type {Release} from '../../../../agent/core/release.ts';
import {snap} from '../world.ts';

const active = {generation: 4, release: snap(1), slot: '4-a'};
const previous = {generation: 3, release: snap(2), slot: '3-b'};
const host: State = {...freshState({now: 0, random: 0}), generation: 5, active, previous};
const attemptAt = (release: Release, state: State = host) =>
  newAttempt(state, {purpose: 'update', release, version: '9', result: 'done'});

t.test('a slot is named by its generation and the beginning of what it holds', async t => {
  const revision = 'fedcba9876543210fedcba9876543210fedcba98';
  const sha256 = '0123456789abcdef'.repeat(4);
  const slot = (release: object) => attemptAt(release as Release).target.slot;
  t.equal(slot(snap(3)), '6-snap-33333333');
  t.equal(slot({kind: 'git', revision}), '6-fedcba987654');
  t.equal(slot({kind: 'archive', url: 'https://x/a.tar', sha256}), '6-0123456789ab');
});

t.test('a release that is here already is taken from its slot, under a new generation', async t => {
  t.strictSame(attemptAt(snap(2)), {
    purpose: 'update',
    target: {generation: 6, release: snap(2), slot: '3-b'},
    version: '9',
    tries: 0,
    cause: null,
    result: 'done',
  });
  t.equal(attemptAt(snap(1)).target.slot, '4-a');
});

t.test('the way back is never to the slot that failed', async t => {
  const back = (slot: string, state: State = host) =>
    fallbackOf(state, {...attemptAt(snap(3)), target: {...active, slot}})?.slot ?? null;
  t.equal(back('6-c'), '4-a', 'what served');
  t.equal(back('4-a'), '3-b', 'it was promoted: what it replaced');
  t.equal(back('3-b'), '4-a');
  t.equal(back('6-c', {...host, active: null}), '3-b');
  t.equal(back('3-b', {...host, active: null}), null);
  t.equal(back('4-a', {...host, previous: null}), null);
  t.equal(back('4-a', {...host, previous: {...previous, slot: '4-a'}}), null);
});
