/** The benchmark of a watch on a real Consul, small. */
import t from 'tap';
import {openStore} from '../../../agent/store/open.ts';
import {quantile, timesOf} from '../../../scripts/bench/watch/rounds.ts';
import {consulWatch} from '../../../scripts/bench/watch/single.ts';
import {consulProgram} from '../../lab/image/prepare.ts';
import {startConsul} from '../../support/consul.ts';
import {unmet} from '../../support/needs.ts';

t.test('every put is told to consul watch, once', {skip: unmet('root', 'debian')}, async t => {
  const {address} = await startConsul(t);
  const program = await consulProgram();
  const store = await openStore({kind: 'consul', url: address, prefix: 'bench'});
  t.teardown(() => store.close());
  await store.put('web/desired', 'the first', 'any', new AbortController().signal);
  const times = await timesOf({store, key: 'web/desired', rounds: 2}, told => ({
    count: 1,
    stop: consulWatch({program, address, key: 'bench/web/desired'}, told),
  }));
  t.equal(times.length, 2);
  t.ok(times.every(([first = -1, ...more]) => first > 0 && more.length === 0));
});

t.test('a quantile is one of the values', async t => {
  const values = Array.from({length: 200}, (_, n) => 200 - n);
  t.equal(quantile(values, 0.99), 198);
  t.equal(quantile([5], 0.99), 5);
  t.equal(quantile([3, 1, 2], 0.5), 2);
});
