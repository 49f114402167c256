import t from 'tap';
import {releaseId} from '../../../../agent/core/release.ts';
import {ask, createWorld, servedBy, settleWorld, snap} from '../world.ts';

t.test('a release that is taken back while a host waits with it leaves no slot behind', async t => {
  const world = createWorld({asked: {release: snap(1), version: '1'}, grants: false});
  settleWorld(world);
  const before = [...world.slots];
  ask(world, snap(2), '2');
  settleWorld(world);
  t.equal(world.state.phase, 'waiting');
  t.notSame([...world.slots], before);
  ask(world, snap(1), '3');
  settleWorld(world);
  t.equal(world.state.phase, 'serving');
  t.equal(servedBy(world), releaseId(snap(1)));
  t.same([...world.slots], before, 'neither a volume nor a tree');
});
