import t from 'tap';
import {unmet} from '../../support/needs.ts';
import {never, reasonKind, SETTINGS, startWithSnapshot} from './world.ts';

const skip = unmet('root', 'debian', 'loop');

t.test('a snapshot that is not fit makes no volume and says why', {skip}, async t => {
  const {lab, install, slot, target, snapshot} = await startWithSnapshot(t);
  const facts = lab.snapshot(snapshot);
  const stage = (more = {}) => reasonKind(install({settings: {...SETTINGS, ...more}}).stage(target, never()));
  facts.state = 'pending';
  t.equal(await stage(), 'snapshot.pending');
  facts.state = 'error';
  t.equal(await stage(), 'snapshot.state');
  Object.assign(facts, {state: 'completed', tier: 'archive'});
  t.equal(await stage(), 'snapshot.archived');
  Object.assign(facts, {tier: 'standard', ownerId: '999999999999'});
  t.equal(await stage(), 'snapshot.owner');
  t.equal(await stage({owners: ['111111111111']}), 'snapshot.owner');
  t.equal(await stage({owners: ['999999999999'], maxSizeGiB: 0}), 'snapshot.size');
  const unknown = slot('snap-0123456789abcdef0', 'unknown');
  t.equal(await reasonKind(install().stage(unknown, never())), 'snapshot.missing');
  t.equal(lab.volumes().length, 0);
  t.equal(await stage({owners: ['999999999999']}), 'none', 'and in the end it is fit');
});
