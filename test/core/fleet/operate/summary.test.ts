import t from 'tap';
import {EMPTY_LEDGER} from '../../../../agent/core/fleet/ledger.ts';
import {chosen, countBy, progressOf} from '../../../../agent/core/fleet/operate/summary.ts';
import {host, NEW, OLD, rollout, unseen, view} from '../fleet.ts';

t.test('groups are counted, the largest first, and who is in traffic', async t => {
  const hosts = [
    host('i-1', {zone: 'b'}),
    host('i-2', {zone: 'c'}),
    host('i-3', {zone: 'c', serving: false}),
    host('i-4', {zone: 'a', visible: false}),
    host('i-5', {zone: 'd'}),
  ];
  t.same(
    countBy(hosts, ({zone}) => zone),
    [
      {name: 'c', hosts: 2, serving: 1},
      {name: 'a', hosts: 1, serving: 0},
      {name: 'b', hosts: 1, serving: 1},
      {name: 'd', hosts: 1, serving: 1},
    ],
  );
});

t.test('filters leave what is so', async t => {
  const hosts = [
    host('i-1', {zone: 'b', role: 'db', phase: 'held', active: NEW, canary: true}),
    host('i-2', {canary: false, active: null}),
  ];
  const names = (filter: Parameters<typeof chosen>[1]) => chosen(hosts, filter).map(({instance}) => instance);
  t.same(names({}), ['i-1', 'i-2']);
  for (const filter of [{zone: 'b'}, {role: 'db'}, {phase: 'held'}, {release: NEW}, {release: 'snap-2'}])
    t.same(names(filter), ['i-1'], JSON.stringify(filter));
  t.same(names({canary: true}), ['i-1']);
  t.same(names({release: 'none'}), ['i-2']);
  t.same(names({zone: 'b', role: 'web'}), []);
});

t.test('progress counts who has it, of all who count', async t => {
  const hosts = [host('i-1', {active: NEW}), host('i-2', {active: NEW}), host('i-3')];
  const ledger = {...EMPTY_LEDGER, proven: OLD, rollout: rollout()};
  t.same(progressOf(view(hosts, {ledger})), {done: 2, size: 3});
  const permits = [{host: 'i-2', fence: 1, release: NEW, version: '2', since: 1}];
  t.same(progressOf(view(hosts, {ledger: {...ledger, permits}})), {done: 1, size: 3});
  t.same(progressOf(view(hosts, {ledger, missing: [unseen('i-9')]})), {done: 2, size: 4});
  const revert = {release: OLD, cause: {kind: 'permit.waiting', details: {}}, since: 1} as const;
  t.same(progressOf(view(hosts, {ledger: {...ledger, rollout: rollout({revert})}})), {done: 1, size: 3});
  t.same(progressOf(view(hosts)), {done: 2, size: 3}, 'what is asked for, before it has begun');
  t.same(progressOf(view(hosts, {desired: null})), {done: 0, size: 3});
  t.same(progressOf(view([host('i-1', {active: null})], {desired: null})), {done: 0, size: 1});
  const desired = {release: {kind: 'ebs', snapshot: NEW}, version: '2', force: ['i-9']} as const;
  t.same(progressOf(view(hosts, {ledger, desired, missing: [unseen('i-9')]})), {done: 2, size: 3});
});
