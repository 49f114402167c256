import t from 'tap';
import {reason} from '../../../agent/core/reason.ts';
import type {Log} from '../../../agent/ports.ts';
import {createStoreHealth} from '../../../agent/runtime/health/store.ts';

const STORE = 'consul://x/agents';
const away = (cause: string) => reason('store.unreachable', {store: STORE, cause});
const refused = reason('store.refused', {store: STORE, cause: 'HTTP 403'});

const make = () => {
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const log: Log = {debug: say, info: say, warning: say, error: say};
  return {said, health: createStoreHealth(STORE, log)};
};

t.test('it knows the latest reason, and logs one only when its kind is another', async t => {
  const {said, health} = make();
  t.equal(health.lost(), null);
  for (const cause of ['ECONNREFUSED', 'HTTP 500: No cluster leader']) health.note('desired', away(cause));
  t.match(health.lost(), {details: {cause: /No cluster leader/}});
  t.equal(said.length, 1);
  health.note('desired', refused);
  health.note('desired', null);
  t.equal(health.lost(), null);
  t.match(said, [/ECONNREFUSED; what runs goes on running/, /403/, /answers again/]);
});

t.test('it answers again when it does for each of its users', async t => {
  const {said, health} = make();
  health.note('desired', away('a'));
  health.note('status', refused);
  t.equal(health.lost(), refused, 'the latest is told');
  health.note('status', null);
  t.match(health.lost(), away('a'));
  health.note('desired', null);
  t.equal(health.lost(), null);
  t.equal(said.filter(text => text.includes('answers again')).length, 1);
});

t.test('listeners hear of each change of what is told', async t => {
  const {health} = make();
  let heard = 0;
  health.onChange(() => {
    heard += 1;
  });
  health.note('desired', null);
  t.equal(heard, 0);
  health.note('desired', away('a'));
  health.note('desired', away('a'));
  t.equal(heard, 1);
  health.note('desired', away('b'));
  health.note('desired', null);
  t.equal(heard, 3);
});
