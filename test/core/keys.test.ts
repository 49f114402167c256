import t from 'tap';
import {keysOf} from '../../agent/core/keys.ts';

t.test('records of rollouts are in the order of their numbers', async t => {
  const {rollout, rollouts} = keysOf('web', 'production');
  t.equal(rollout(7), 'web/production/rollouts/000007');
  t.ok(rollout(7).startsWith(rollouts));
  t.ok(rollout(999) < rollout(1_000));
});
