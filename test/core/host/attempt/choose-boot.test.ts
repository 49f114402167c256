import t from 'tap';
import {chooseBoot} from '../../../../agent/core/host/attempt/choose-boot.ts';
import type {BootView} from '../../../../agent/core/host/event.ts';
import {freshState} from '../../../../agent/core/host/recover.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {snap} from '../world.ts';

const cause = reason('store.unreachable', {store: 'consul://x', cause: 'refused'});
const away: BootView = {
  reachable: false,
  proven: null,
  denied: [],
  desired: null,
  seed: snap(9),
  settingUp: true,
  cause,
};
const fresh = freshState({now: 0, random: 0});

t.test('a store that does not answer is waited for while the machine is being set up', async t => {
  t.match(chooseBoot(fresh, away), {ok: false, cause: {kind: 'boot.setting-up'}});
  t.match(chooseBoot(fresh, {...away, seed: null}), {ok: false, cause});
  t.match(chooseBoot(fresh, {...away, settingUp: false}), {ok: true, release: snap(9)});
});

t.test('a store that answers says what to boot, whoever else is not ready', async t => {
  const answers: BootView = {...away, reachable: true, cause: null};
  t.match(chooseBoot(fresh, answers), {ok: true, release: snap(9)}, 'nothing is asked for: the seed');
  t.match(chooseBoot(fresh, {...answers, proven: snap(1)}), {ok: true, release: snap(1)});
});

t.test('a host that served something boots it without waiting', async t => {
  const active = {generation: 1, release: snap(1), slot: '1-a'};
  t.match(chooseBoot({...fresh, active}, away), {ok: true, release: snap(1)});
  t.match(chooseBoot({...fresh, previous: active}, away), {ok: true, release: snap(1)});
});
