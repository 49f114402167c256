import t from 'tap';
import {readDesired} from '../../../../agent/core/desired.ts';
import {EMPTY_LEDGER} from '../../../../agent/core/fleet/ledger.ts';
import {
  askedOf,
  type Bump,
  bumpDocument,
  endedBy,
  hostsText,
  objectionsTo,
  saysMeanwhile,
} from '../../../../agent/core/fleet/operate/bump.ts';
import {NEW, OLD, policy} from '../fleet.ts';

const bump: Bump = {release: NEW, by: 'ada'};
const ground = {ledger: EMPTY_LEDGER, policy: policy({}), lock: null};
const kinds = (over: object, more: object = {}) =>
  objectionsTo({...bump, ...more}, {...ground, ...over}).map(({kind}) => kind);

t.test('a document has what was said, and nothing else', async t => {
  t.same(JSON.parse(bumpDocument(bump, 'now')), {...bump, at: 'now'});
  t.same(JSON.parse(bumpDocument({...bump, force: []}, 'now')), {...bump, at: 'now'});
  const whole = {...bump, message: 'm', share: '10%', force: ['i-1']};
  t.same(JSON.parse(bumpDocument(whole, 'now')), {...whole, at: 'now'});
  t.match(readDesired(bumpDocument(whole, 'now'), '1'), {ok: true, desired: {share: {percent: 10}}});
});

t.test('what speaks against it is said', async t => {
  t.same(kinds({}), []);
  t.same(kinds({lock: {by: 'bob', why: '', at: null}}), ['permit.locked']);
  t.same(kinds({lock: {by: 'ada (7)', why: '', at: null}}), []);
  t.same(kinds({ledger: {...EMPTY_LEDGER, denied: [NEW]}}), ['permit.denied']);
  t.same(kinds({ledger: {...EMPTY_LEDGER, denied: [OLD]}}), []);
  const strict = {policy: policy({requireMessage: true})};
  t.same(kinds(strict), ['permit.message']);
  t.same(kinds(strict, {message: ' '}), ['permit.message']);
  t.same(kinds(strict, {message: 'm'}), []);
  t.same(kinds({...strict, ledger: {...EMPTY_LEDGER, proven: NEW}}), []);
  t.same(kinds({...strict, ledger: {...EMPTY_LEDGER, previous: NEW}}), []);
  const locked = (at: number | null) =>
    objectionsTo(bump, {...ground, lock: {by: 'bob', why: 'w', at}})[0]?.details.since;
  t.same([locked(null), locked(0)], ['', '1970-01-01 00:00 UTC']);
});

t.test("somebody else's rollout ends with it, and only that is said", async t => {
  const other = {release: 'snap-33333333', by: 'bob'};
  t.equal(
    endedBy(bump, other, OLD),
    'The rollout of snap-33333333, which bob began and which is not proven, ends with that.',
  );
  t.match(
    endedBy(bump, {...other, message: 'm', share: 1}, null),
    /33 to 1 host of the fleet \("m"\), which/,
  );
  t.match(endedBy(bump, {release: 'snap-33333333'}, null), /which somebody began/);
  t.equal(endedBy(bump, null, OLD), null);
  t.equal(endedBy(bump, {release: null}, OLD), null);
  t.equal(endedBy(bump, {...other, release: NEW}, OLD), null);
  t.equal(endedBy(bump, {...other, release: OLD}, OLD), null);
  t.equal(endedBy(bump, {...other, by: 'ada (7)'}, OLD), null);
});

t.test('what is asked for is told as it was written', async t => {
  const reading = readDesired(bumpDocument({...bump, message: 'm', share: 3}, 'now'), '1');
  t.ok(reading.ok);
  if (reading.ok) t.strictSame(askedOf(reading.desired), {...bump, message: 'm', share: 3});
  const plain = readDesired(NEW, '1');
  if (plain.ok) t.same(askedOf(plain.desired), {release: NEW});
  const percent = readDesired(JSON.stringify({release: NEW, share: '7%'}), '1');
  if (percent.ok) t.same(askedOf(percent.desired), {release: NEW, share: '7%'});
  t.same([hostsText(1), hostsText(2), hostsText('5%')], ['1 host', '2 hosts', '5%']);
});

t.test('who writes too late is told what is there', async t => {
  const saying = (value: string) => saysMeanwhile('k', {value, version: '1'});
  t.equal(saysMeanwhile('k', null), 'k is gone meanwhile');
  t.match(saying('nonsense'), /to what nobody can read/);
  t.equal(saying(NEW), `k asks for ${NEW} meanwhile`);
  t.equal(saying(JSON.stringify({release: NEW, by: 'bob'})), `k asks for ${NEW} meanwhile, by bob`);
});
