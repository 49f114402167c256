import t from 'tap';
import {bumped, freed} from '../../../../agent/core/fleet/forecast/freed.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {host, NEW, OLD, policy, view} from '../fleet.ts';

const before = view([host('i-1')], {
  ledger: {...view([]).ledger, proven: OLD, denied: [NEW, 'snap-33333333']},
  policy: policy({requireMessage: true, bakeMs: 7}),
  unreadable: reason('permit.waiting', {}),
  freeze: {by: 'ada', note: '', at: null},
  lock: {by: 'bob', why: '', at: null},
});

t.test('another release is another version of the same fleet', async t => {
  const desired = {release: {kind: 'ebs', snapshot: OLD}, share: {count: 1}} as const;
  t.same(bumped(before, desired), {...before, desired: {...desired, version: 'forecast'}});
  const rejected = reason('release.rejected-here', {release: NEW, cause: 'the gate'});
  const held = host('i-2', {reason: reason('operator.hold', {by: 'ada', note: ''})});
  const after = {...before, hosts: [host('i-1', {reason: rejected}), held]};
  t.same(bumped(after, desired).hosts, [host('i-1'), held], 'what was tried before keeps nobody from it');
});

t.test('what operators can take out of the way is gone, and nothing else', async t => {
  t.same(freed(before), {
    ...before,
    unreadable: null,
    freeze: null,
    lock: null,
    policy: {...before.policy, requireMessage: false},
    ledger: {...before.ledger, denied: ['snap-33333333']},
  });
  t.same(freed({...before, desired: null}).ledger.denied, before.ledger.denied);
});
