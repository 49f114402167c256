/** What a host that serves nothing boots, of all that it could. */
import t from 'tap';
import {chooseBoot} from '../../../../agent/core/host/attempt/choose-boot.ts';
import type {BootView} from '../../../../agent/core/host/event.ts';
import {freshState} from '../../../../agent/core/host/recover.ts';
import type {State} from '../../../../agent/core/host/state.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {type Release, releaseId} from '../../../../agent/core/release.ts';
import {snap} from '../world.ts';

const cause = reason('store.unreachable', {store: 'consul://x', cause: 'refused'});
const [ACTIVE, BEFORE, PROVEN, DESIRED, SEED] = [snap(1), snap(2), snap(3), snap(4), snap(5)];
const at = (release: Release) => ({generation: 1, release, slot: releaseId(release)});
const desired = {release: DESIRED, version: '7'};
const rejected = {release: DESIRED, version: '7', cause, at: 1, retryAt: null};

/** A host that has been through everything, and a store that answers. */
const host: State = {
  ...freshState({now: 0, random: 0}),
  active: at(ACTIVE),
  previous: at(BEFORE),
  desired,
};
const view: BootView = {
  reachable: true,
  proven: PROVEN,
  denied: [],
  desired: {ok: true, desired},
  seed: SEED,
  settingUp: false,
  cause: null,
};
const choice = (seen: Partial<BootView> = {}, state: Partial<State> = {}): string => {
  const chosen = chooseBoot({...host, ...state} as State, {...view, ...seen});
  return chosen.ok ? releaseId(chosen.release) : chosen.cause.kind;
};
const is = (release: Release) => releaseId(release);

t.test('its own release, when the store does not contradict it or does not answer', async t => {
  t.equal(choice(), is(PROVEN), 'contradicted');
  t.equal(choice({proven: ACTIVE}), is(ACTIVE));
  t.equal(choice({proven: null}), is(ACTIVE));
  t.equal(choice({reachable: false}), is(ACTIVE));
  t.equal(
    choice({}, {desired: {release: ACTIVE, version: '7'}}),
    is(ACTIVE),
    'the rollout is on its way to it',
  );
});

t.test('what is denied is passed over, one after the other, down to the seed and to nothing', async t => {
  const order = [PROVEN, DESIRED, ACTIVE, BEFORE, SEED];
  for (const [n, release] of order.entries())
    t.equal(choice({denied: order.slice(0, n)}), is(release), `without the first ${n}`);
  t.equal(choice({denied: order}), 'permit.denied');
  t.equal(choice({proven: ACTIVE, denied: [ACTIVE]}), is(DESIRED), 'its own, too');
});

t.test('the seed waits for the store while the machine is set up', async t => {
  const none = {active: null, previous: null, desired: null};
  const seed = {proven: null, desired: null};
  t.equal(choice({...seed, settingUp: true}, none), is(SEED), 'the store answers');
  t.equal(choice({...seed, reachable: false}, none), is(SEED));
  t.equal(choice({...seed, reachable: false, settingUp: true, cause}, none), 'boot.setting-up');
});

t.test('what failed here is for when there is nothing else', async t => {
  const first = {proven: null, ...{seed: null}};
  const alone = {active: null, previous: null, rejected};
  t.equal(choice(first, alone), is(DESIRED), 'there is nothing else');
  t.equal(choice({...first, seed: SEED}, alone), is(SEED));
  const asked = {...rejected, version: '6'};
  t.equal(choice({...first, seed: SEED}, {...alone, rejected: asked}), is(DESIRED), 'asked for anew');
  const paused = {...rejected, at: 1, retryAt: 1};
  t.equal(choice({...first, seed: SEED}, {...alone, rejected: paused}), is(DESIRED), 'it may be tried again');
  const failed = {...rejected, release: PROVEN, version: '6'};
  t.equal(
    choice({}, {active: null, rejected: failed}),
    is(BEFORE),
    'one that nobody asks for now failed, too',
  );
  t.equal(choice({desired: null}, {active: null, desired: null, rejected: failed}), is(BEFORE));
});

t.test('what is asked for is not booted before it is proven, but where nothing is', async t => {
  const none = {active: null, previous: null};
  const failed = {...rejected, release: PROVEN, version: '6'};
  t.equal(choice({}, {...none, rejected: failed}), is(SEED), 'the proven one failed here');
  t.equal(choice({seed: null}, {...none, rejected: failed}), is(DESIRED), 'and there is nothing else');
  t.equal(choice({seed: null, denied: [DESIRED]}, {...none, rejected: failed}), is(PROVEN), 'tried again');
  t.equal(choice({proven: DESIRED, seed: null}, none), is(DESIRED), 'it is the proven one');
  t.equal(choice({proven: null, seed: null}, none), is(DESIRED));
  const away = {reachable: false, proven: null, desired: null, cause};
  t.equal(
    choice({...away, seed: null}, none),
    'store.unreachable',
    'nobody can say whether it is proven, or denied',
  );
  t.equal(choice(away, none), is(SEED));
});

t.test('the version goes with it', async t => {
  t.match(chooseBoot(host, view), {ok: true, version: '7'});
  t.match(chooseBoot({...host, desired: null}, view), {ok: true, version: ''});
});

t.test('why there is nothing to boot', async t => {
  const none = {...freshState({now: 0, random: 0})};
  const empty: BootView = {...view, proven: null, seed: null, desired: null};
  const why = (seen: Partial<BootView>) => {
    const chosen = chooseBoot(none, {...empty, ...seen});
    return chosen.ok ? null : chosen.cause;
  };
  const refusal = reason('store.document', {key: 'desired', expected: 'a release', got: '"x"'});
  t.match(why({}), {kind: 'desired.missing', details: {key: 'desired'}});
  t.strictSame(
    why({desired: {ok: true, desired}, denied: [DESIRED]}),
    reason('permit.denied', {release: is(DESIRED)}),
  );
  t.strictSame(why({desired: {ok: false, refusal}}), refusal);
  t.strictSame(why({cause, reachable: false}), cause);
  t.strictSame(why({cause, reachable: false, desired: {ok: false, refusal}}), cause);
  t.match(why({cause, reachable: false, seed: SEED, settingUp: true}), {kind: 'boot.setting-up'});
  t.strictSame(why({cause, reachable: false, settingUp: true}), cause, 'without a seed');
});
