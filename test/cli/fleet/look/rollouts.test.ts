import t from 'tap';
import {noteRollout, type RecordView} from '../../../../agent/core/fleet/record/note.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {host, NEW, outcome, policy, rollout, view} from '../../../core/fleet/fleet.ts';
import {emptyFleet} from '../store.ts';

const HOUR = 3_600_000;
const why = reason('gate.failed', {probe: 'http://127.0.0.1/', seconds: 5, last: 'HTTP 500'});

const write = async (t: Parameters<typeof emptyFleet>[0]) => {
  const fleet = await emptyFleet(t);
  const permits = [{host: 'i-3', fence: 3, release: NEW, version: '2', since: 2 * HOUR}];
  const base: RecordView = {
    ledger: {...view([]).ledger, rollout: rollout({since: HOUR}), permits},
    hosts: [
      host('i-1', {outcome: outcome(1, 'done')}),
      host('i-2', {outcome: {...outcome(2, 'rolled-back'), cause: why}}),
    ],
    desired: {
      release: {kind: 'ebs', snapshot: NEW},
      version: '2',
      by: 'ada',
      message: 'the cart',
      share: {percent: 10},
    },
    policy: policy({waves: ['canary']}),
    now: 2 * HOUR,
  };
  const first = noteRollout(null, base);
  const halted = reason('permit.halted', {failures: 1, budget: 1, release: NEW});
  const next = {...base, now: 3 * HOUR, ledger: {...base.ledger, permits: [], blocked: halted}};
  await fleet.put(fleet.keys.rollout(1), noteRollout(first, next) as object);
  const over = {
    ...base,
    ledger: {...base.ledger, proven: NEW, permits: [], rollout: rollout({number: 2, since: 4 * HOUR})},
  };
  await fleet.put(
    fleet.keys.rollout(2),
    noteRollout(null, {...over, desired: null, hosts: [], now: 4 * HOUR + 90_000}) as object,
  );
  return fleet;
};

t.test('what became of the rollouts, newest first', async t => {
  const {agentctl} = await write(t);
  const {exit, out} = await agentctl(['history', '--fleet']);
  t.equal(exit, 0, out);
  t.equal(
    out.trim(),
    [
      '2  1970-01-01 04:00  snap-22222222  proven after 1 m 30 s',
      '1  1970-01-01 01:00  snap-22222222  halted; 1 done, 1 rolled back, 1 gone; a',
      '                                    share of 10%, by ada, the cart',
    ].join('\n'),
  );
  t.match((await agentctl(['history', '--fleet', '-n', '1'])).out.trim(), /^2 .*[^\n]$/);
  const json = JSON.parse((await agentctl(['history', '--fleet', '--json'])).out);
  t.match(json, [
    {number: 2, end: {outcome: 'proven'}},
    {number: 1, results: {done: 1, gone: 1}},
  ]);
  t.match(json[1].events, [{kind: 'permit.halted', text: /is halted/}]);
});

t.test('one of them in full, and one that is not there', async t => {
  const {agentctl} = await write(t);
  const {exit, out} = await agentctl(['history', '--rollout', '1']);
  t.equal(exit, 0);
  t.match(out, /^rollout +1, of snap-22222222 instead of snap-11111111$/m);
  t.match(out, /^asked +1970-01-01 01:00 UTC a share of 10%, by ada, the cart$/m);
  t.match(out, /^wave 1 +canary, from 1970-01-01 02:00$/m);
  t.match(out, /^1970-01-01 03:00 +the rollout of snap-22222222 is halted/m);
  t.match(out, /^1970-01-01 02:00 +i-3 +1 h +gone$/m);
  t.match(out, /i-2 +rolled-back, the health gate http:/);
  t.ok(out.split('\n').every(line => line.length <= 80));
  const none = await agentctl(['history', '--rollout', '9']);
  t.match(none, {exit: 1});
  t.match(`${none.out}${none.err ?? ''}`, /has no record of a rollout 9/);
});

t.test('a fleet without rollouts says so', async t => {
  const {agentctl} = await emptyFleet(t);
  t.match(await agentctl(['history', '--fleet']), {exit: 0, out: /web\/production has had no rollout yet/});
});
