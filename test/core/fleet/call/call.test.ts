import t from 'tap';
import {NO_CALL, permitCall, readCall, revertCall, unheard} from '../../../../agent/core/fleet/call/call.ts';
import {noticeOf, readNotice} from '../../../../agent/core/fleet/call/notice.ts';
import {EMPTY_LEDGER, type Ledger, type Permit} from '../../../../agent/core/fleet/ledger.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {host, NEW, OLD, outcome, rollout as rolloutOf} from '../fleet.ts';

const permit: Permit = {host: 'i-1', fence: 5, release: NEW, version: '3', since: 1};
const cause = reason('permit.frozen', {by: 'ann', note: 'sale', since: ''});
const rollout = rolloutOf({version: '3'});

t.test('a call says all of the permit, and which ledger has it', async t => {
  const ledger: Ledger = {...EMPTY_LEDGER, rollout};
  const granted = {fence: 5, version: '3', quick: false};
  const call = permitCall(permit, ledger, '17', 8);
  t.same(readCall(call), {type: 'permit', permit: granted, ledger: '17'});
  t.not(call, permitCall(permit, ledger, '17', 9), 'each is another value: else nobody is told of it');
  const quick = (over: Partial<typeof rollout>, of = permit) =>
    readCall(permitCall(of, {...ledger, rollout: {...rollout, ...over}}, '17', 8));
  t.match(quick({way: 'back'}), {permit: {quick: true}});
  const revert = {release: OLD, cause, since: 2};
  t.match(quick({revert}), {permit: {quick: false}}, 'it goes forward yet');
  t.match(quick({revert}, {...permit, release: OLD}), {permit: {quick: true}});
  t.match(quick({way: 'back', version: '4'}), {permit: {quick: false}}, 'of another rollout');
  t.match(readCall(permitCall(permit, EMPTY_LEDGER, '17', 8)), {permit: {quick: false}});
});

t.test('other calls', async t => {
  t.same(readCall(revertCall(7)), {type: 'revert'});
  t.same(readCall(NO_CALL), {type: 'nothing'});
  for (const value of ['17', 'revert 1700000000000', '', '{}', '{"at":-1}', '[]'])
    t.same(readCall(value), {type: 'look'}, `${value}, as an older agent or somebody else wrote it`);
  const {ledger: _, ...less} = JSON.parse(permitCall(permit, EMPTY_LEDGER, '17', 8));
  t.same(readCall(JSON.stringify(less)), {type: 'look'}, 'nobody says which ledger it is in');
  t.match(
    readCall('{"permit":{"fence":1,"version":"2"},"ledger":"3","at":4}'),
    {type: 'permit', permit: {quick: false}},
    'a watch is the rule',
  );
});

t.test('who has not heard', async t => {
  t.same(unheard([permit], [host('i-1')]), [permit]);
  t.same(unheard([permit], [host('i-1', {permit: 4})]), [permit]);
  t.same(unheard([permit], [host('i-1', {outcome: outcome(4, 'done')})]), [permit]);
  t.same(unheard([permit], [host('i-1', {permit: 5})]), [], 'it goes by it');
  t.same(unheard([permit], [host('i-1', {outcome: outcome(5, 'done')})]), [], 'it is done');
  t.same(unheard([permit], [host('i-2')]), [], 'it is not seen');
  t.same(unheard([], [host('i-1')]), []);
});

t.test('the notice says what concerns every host, and nothing that grows', async t => {
  t.same(readNotice(JSON.stringify(noticeOf(EMPTY_LEDGER))), {
    ok: true,
    value: {format: 1, rollout: null, blocked: null},
  });
  const revert = {release: OLD, cause, since: 2};
  const ledger = {
    ...EMPTY_LEDGER,
    rollout: {...rollout, revert},
    blocked: cause,
    hosts: 48,
    permits: [permit],
  };
  t.same(readNotice(JSON.stringify(noticeOf(ledger))), {
    ok: true,
    value: {format: 1, rollout: {version: '3', release: NEW, revert}, blocked: cause, hosts: 48},
  });
  t.match(readNotice('{"format":2}'), {ok: false, cause: {kind: 'store.document', details: {key: 'notice'}}});
});
