import t from 'tap';
import {BAD, planOf} from '../../../scripts/soak-fleet/plan.ts';

t.test('every tenth release is bad, and the tenth and the last are not', async t => {
  const plan = planOf({releases: 300, seed: 1});
  t.equal(plan.length, 300);
  t.equal(plan.filter(({bad}) => bad !== null).length, 30);
  t.equal(plan[9]?.bad, null);
  t.equal(plan[299]?.bad, null);
});

t.test('good ones come from snapshots and from git in turns, bad ones of each kind from both', async t => {
  const plan = planOf({releases: 300, seed: 1});
  for (const {number, fs, bad} of plan) if (bad === null) t.equal(fs, number % 2 === 1 ? 'ext4' : 'git');
  for (const {kind} of BAD) {
    const from = plan.filter(({bad}) => bad?.kind === kind).map(({fs}) => fs);
    t.same([...new Set(from)].sort(), ['ext4', 'git'], kind);
  }
});

t.test('a seed always gives the same plan, another one another order', async t => {
  const kinds = (seed: number) => planOf({releases: 100, seed}).map(({bad}) => bad?.kind);
  t.same(kinds(5), kinds(5));
  t.notSame(kinds(5), kinds(6));
});
