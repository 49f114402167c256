import t from 'tap';
import {claim, disclaim, forgetDone, isClaimed, settle} from '../../../../agent/core/fleet/telling/claim.ts';
import {noteTold, PENDING} from '../../../../agent/core/fleet/telling/note.ts';
import {NOTHING_TOLD, type Pending, readTold, type Told} from '../../../../agent/core/fleet/telling/told.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {VALUE_LIMIT} from '../../../../agent/store/key.ts';
import {host, NEW, outcome, policy, rollout, unseen} from '../fleet.ts';
import {ALL, reread, see} from './telling.ts';

const {pending: [first] = []} = noteTold(NOTHING_TOLD, see({}), ALL).told;
if (!first) throw new Error('nothing to tell');
const event = (id: string, over: Partial<Pending> = {}): Pending => ({
  event: {...first.event, id},
  by: null,
  done: [],
  ...over,
});
const waiting = (...pending: readonly Pending[]): Told => ({...NOTHING_TOLD, pending});
const tellers = (told: Told) => told.pending.map(({by}) => by);

t.test('what nobody tells is claimed, and what somebody does that is not heard of any more', t => {
  const told = waiting(event('a'), event('b', {by: 'i-1'}), event('c', {by: 'i-2'}), event('d', {by: 'i-3'}));
  t.same(tellers(claim(told, 'i-1')), ['i-1', 'i-1', 'i-2', 'i-3']);
  t.same(tellers(claim(told, 'i-1', ['i-2'])), ['i-1', 'i-1', 'i-1', 'i-3']);
  t.same(tellers(disclaim(told, 'i-2')), [null, 'i-1', null, 'i-3']);
  t.strictSame(
    disclaim(told, 'i-2'),
    waiting(event('a'), event('b', {by: 'i-1'}), event('c'), event('d', {by: 'i-3'})),
  );
  t.ok(isClaimed(told, 'b', 'i-1'));
  for (const [id, instance] of [
    ['a', 'i-1'],
    ['b', 'i-2'],
    ['e', 'i-1'],
  ] as const)
    t.notOk(isClaimed(told, id, instance), `${id} ${instance}`);
  t.end();
});

t.test('an event is over when every webhook that wants it has it', t => {
  const listeners = () => ['x', 'y'];
  const told = waiting(event('a'), event('b'));
  const one = settle(told, {id: 'a'}, 'x');
  t.same(
    one.pending.map(({done}) => done),
    [['x'], []],
  );
  t.same(settle(one, {id: 'a'}, 'x'), one, 'once');
  t.equal(forgetDone(one, listeners), one);
  const both = settle(one, {id: 'a'}, 'y');
  t.strictSame(forgetDone(both, listeners), waiting(event('b')));
  t.same(
    forgetDone(both, listeners).pending.map(each => each.event.id),
    ['b'],
  );
  t.same(forgetDone(told, () => []).pending, [], 'what nobody wants is over');
  t.end();
});

t.test('only what somebody wants to hear waits, and what nobody wants counts as told', t => {
  const rules = {policy: policy({waves: ['canary']})};
  const passed = see({rollout: rollout({wave: 1})}, [host('a')], rules);
  const {told} = noteTold(NOTHING_TOLD, passed, new Set(['wave-passed'] as const));
  t.same(
    told.pending.map(each => each.event.kind),
    ['wave-passed'],
  );
  t.same(told.pending[0], {event: told.pending[0]?.event, by: null, done: []});
  t.same(noteTold(told, passed, ALL).told, told);
  t.end();
});

t.test('what waits goes on to wait before what is new, and the oldest makes room', t => {
  const many = Array.from({length: PENDING}, (_, n) => event(`e${n}`, {by: 'i-1'}));
  const full = noteTold(waiting(...many.slice(1)), see({}, [host('a')]), ALL);
  t.same(full.dropped, []);
  t.equal(full.told.pending.length, PENDING);
  t.same(full.told.pending.slice(0, -1), many.slice(1));
  const over = noteTold(waiting(...many), see({}, [host('a')]), ALL);
  t.same(
    over.dropped.map(({id}) => id),
    ['e0'],
  );
  t.equal(over.told.pending.at(-1)?.event.kind, 'rollout-started');
  t.equal(over.told.pending.length, PENDING);
  t.equal(PENDING, 30);
  t.end();
});

t.test('another coordinator reads it as it was written, and a damaged one is not guessed at', t => {
  const told = claim(settle(waiting(event('a'), event('b')), {id: 'a'}, 'x'), 'i-1');
  const last = {...told, last: {lost: 1, stuck: 2, failures: 3}, stuck: [1], lost: ['i-9']};
  t.strictSame(reread(last), last);
  for (const outcome of ['proven', 'partial', 'reverted'] as const) {
    const ended = waiting(event('a', {event: {...first.event, outcome}}));
    t.strictSame(reread(ended), ended);
  }
  t.strictSame(readTold(null), {ok: true, value: NOTHING_TOLD});
  t.match(readTold('{"format": 2}'), {ok: false, cause: {kind: 'store.document', details: {key: 'told'}}});
  t.match(readTold('x'), {ok: false});
  t.end();
});

t.test('of the largest fleet it fits into one value of a store', t => {
  const name = (n: number) => `i-${n.toString(16).padStart(17, '0')}`;
  const cause = reason('script.failed', {
    script: 'x'.repeat(900),
    status: '1'.repeat(900),
    output: 'ä'.repeat(9_000),
  });
  const desired = {
    release: {kind: 'ebs', snapshot: NEW} as const,
    version: '2',
    by: 'ä'.repeat(1_000),
    message: 'ä'.repeat(1_000),
  };
  let told = NOTHING_TOLD;
  for (let n = 1; n <= 2 * PENDING; n += 1) {
    const failures = Array.from({length: 1_000}, (_, at) => ({host: name(at), fence: at + 1, cause}));
    const permits = failures.map(({host: holder}, at) => ({
      ...{host: holder, fence: 5_000 + at, release: NEW, version: '2', since: 0},
    }));
    const hosts = permits.map(each => host(each.host, {outcome: {...outcome(each.fence, 'stuck'), cause}}));
    const missing = Array.from({length: 200}, (_, at) => unseen(name(5_000 + at)));
    const looked = see({rollout: rollout({number: n, since: n * 1_000_000}), failures, permits}, hosts, {
      ...{desired, missing, now: n * 1_000_000, policy: policy({budget: {count: 1_000}})},
    });
    told = noteTold(told, looked, ALL).told;
  }
  t.equal(told.pending.length, PENDING);
  t.equal(told.stuck.length, 1_000);
  t.ok(Buffer.byteLength(JSON.stringify(told)) < VALUE_LIMIT, `${JSON.stringify(told).length}`);
  t.end();
});
