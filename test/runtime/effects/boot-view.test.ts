import t from 'tap';
import {readDesired} from '../../../agent/core/desired.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import {reason} from '../../../agent/core/reason.ts';
import {ReasonError} from '../../../agent/core/reason-error.ts';
import {parseRelease} from '../../../agent/core/release.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import type {Entry, Store} from '../../../agent/ports.ts';
import {createBootView} from '../../../agent/runtime/effects/boot-view.ts';
import {createLastDesired} from '../../../agent/runtime/effects/last-desired.ts';

const keys = keysOf('web', 'production');
const signal = new AbortController().signal;

/** A look at a store whose desired key answers `first` when it is told to. */
const looking = (first: string) => {
  const answer = Promise.withResolvers<Entry>();
  const ledger = Promise.withResolvers<null>();
  const get = async (key: string) => (key === keys.desired ? answer.promise : ledger.promise);
  const lastDesired = createLastDesired();
  const store = {get} as unknown as Store;
  const settingUp = async () => false;
  const look = createBootView({store, keys, seed: null, settingUp, lastDesired, clock: systemClock});
  const view = look(signal);
  const end = () => answer.resolve({key: keys.desired, value: first, version: '1'});
  return {lastDesired, view, end, endLedger: () => ledger.resolve(null)};
};

t.test('a booting host sees what the key says', async t => {
  const {view, end, endLedger} = looking('snap-11111111');
  end();
  endLedger();
  t.match(await view, {desired: {desired: {release: {snapshot: 'snap-11111111'}}}});
});

t.test('an answer that the watch overtook does not bring back what was asked for before', async t => {
  for (const isAnswered of [false, true]) {
    const {lastDesired, view, end, endLedger} = looking('snap-11111111');
    if (isAnswered) end();
    await new Promise(setImmediate);
    lastDesired.note(readDesired('snap-22222222', '2'));
    end();
    endLedger();
    t.match(await view, {desired: {desired: {release: {snapshot: 'snap-22222222'}, version: '2'}}});
  }
});

t.test('what the watch said before the key was read is no newer than what is read', t => {
  const lastDesired = createLastDesired();
  lastDesired.note(readDesired('snap-22222222', '2'));
  t.equal(lastDesired.follow()(), null);
  t.end();
});

t.test('a store that refuses is one that cannot be read', async t => {
  for (const kind of ['store.refused', 'store.unreachable'] as const) {
    const cause = reason(kind, {store: 'consul', cause: 'HTTP 403: ACL not found'});
    const store = {get: () => Promise.reject(new ReasonError(cause))} as unknown as Store;
    const seed = parseRelease('snap-33333333') ?? null;
    const settingUp = async () => false;
    const parts = {store, keys, seed, settingUp, lastDesired: createLastDesired(), clock: systemClock};
    const view = await createBootView(parts)(signal);
    t.strictSame(view, {
      ...{reachable: false, proven: null, denied: [], desired: null, seed, settingUp: false, cause},
    });
  }
});
