import t from 'tap';
import type {FleetView} from '../../../agent/core/fleet/plan.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import type {Store} from '../../../agent/ports.ts';
import {planNow} from '../../../agent/runtime/fleet/plan-now.ts';
import {host, rollout, view, waiting} from '../../core/fleet/fleet.ts';

const keys = keysOf('web', 'production');

/** The plan of this view while the store has these keys, and how often the store was asked. */
const planned = async (over: Partial<FleetView>, values: Readonly<Record<string, string>> = {}) => {
  let asked = 0;
  const get = async (key: string) => {
    asked += 1;
    const value = values[key];
    return value === undefined ? null : {key, value, version: '1'};
  };
  const whole = view([waiting('a'), host('b'), host('c')], over);
  const next = await planNow({store: {get} as unknown as Store, keys}, whole, new AbortController().signal);
  return {asked, begun: next.ledger.rollout !== null, granted: next.granted.length};
};

const begun = {...view([]).ledger, rollout: rollout()};
const freeze = {by: 'ada', note: '', at: null};

t.test('a rollout that begins is held to the freeze and the lock as they are now', async t => {
  t.same(await planned({}), {asked: 2, begun: true, granted: 1});
  t.same(await planned({}, {[keys.lock]: '{"by": "ada"}'}), {asked: 2, begun: false, granted: 0});
  t.same(await planned({}, {[keys.freeze]: '{"by": "ada"}'}), {asked: 2, begun: true, granted: 0});
  t.same(await planned({freeze}), {asked: 2, begun: true, granted: 1}, 'it was thawed meanwhile');
});

t.test('so are permits of one that is under way', async t => {
  t.same(await planned({ledger: begun}), {asked: 2, begun: true, granted: 1});
  t.same(await planned({ledger: begun}, {[keys.freeze]: ''}), {asked: 2, begun: true, granted: 0});
});

t.test('where nothing begins the store is not asked', async t => {
  t.same(await planned({ledger: begun, freeze}), {asked: 0, begun: true, granted: 0});
});
