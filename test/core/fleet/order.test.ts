import t from 'tap';
import {inOrder} from '../../../agent/core/fleet/order.ts';
import {host} from './fleet.ts';

t.test('the order does not depend on how hosts are listed, and does not follow their names', async t => {
  const hosts = Array.from({length: 50}, (_, n) => host(`i-${String(n).padStart(4, '0')}`));
  const names = inOrder(hosts).map(each => each.instance);
  t.same(
    inOrder(hosts.toReversed()).map(each => each.instance),
    names,
  );
  t.notSame(names, names.toSorted());
});
