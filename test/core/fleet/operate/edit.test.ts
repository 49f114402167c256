import t from 'tap';
import {DENIED_LIMIT} from '../../../../agent/core/fleet/failure/verdict.ts';
import {EMPTY_LEDGER} from '../../../../agent/core/fleet/ledger.ts';
import {allowRelease, denyRelease, takePermit} from '../../../../agent/core/fleet/operate/edit.ts';
import {plan} from '../../../../agent/core/fleet/plan.ts';
import {host, NEW, OLD, rollout, view, waiting} from '../fleet.ts';

const FULL = Array.from({length: DENIED_LIMIT}, (_, n) => `snap-${`${n}`.padStart(8, '0')}`);

t.test('the list of denied releases stays short, and says whom it forgets', async t => {
  const edit = denyRelease({...EMPTY_LEDGER, denied: FULL}, NEW);
  t.match(edit, {ok: true, text: /snap-00000000, denied first of 50, no longer is/});
  if (edit.ok) t.same(edit.ledger.denied, [...FULL.slice(1), NEW]);
  const room = denyRelease({...EMPTY_LEDGER, denied: FULL.slice(1)}, NEW);
  if (room.ok) t.same([room.ledger.denied.length, /no longer/.test(room.text)], [DENIED_LIMIT, false]);
});

t.test('what is denied gets no permit, and once allowed one again', async t => {
  const before = {...EMPTY_LEDGER, proven: OLD, rollout: rollout()};
  const denied = denyRelease(before, NEW);
  t.ok(denied.ok);
  if (!denied.ok) return;
  t.match(plan(view([waiting('i-1'), waiting('i-2')], {ledger: denied.ledger})), {
    granted: [],
    ledger: {blocked: {kind: 'permit.denied'}},
  });
  const allowed = allowRelease(denied.ledger, NEW);
  if (allowed.ok)
    t.equal(plan(view([waiting('i-1'), waiting('i-2')], {ledger: allowed.ledger})).granted.length, 1);
});

t.test('a rollout that is halted by its failures is not begun again by that alone', async t => {
  const failures = [{host: 'i-1', fence: 1, cause: null}];
  const halted = {...EMPTY_LEDGER, rollout: rollout(), denied: [NEW], failures};
  t.match(allowRelease(halted, NEW), {ok: true, text: /stays halted by its failures: "agentctl deploy"/});
  t.notMatch(allowRelease({...halted, failures: []}, NEW), {text: /halted/});
  t.notMatch(allowRelease({...halted, rollout: rollout({release: OLD})}, NEW), {text: /halted/});
});

t.test('what is so already, or cannot be, is refused', async t => {
  const before = {...EMPTY_LEDGER, proven: OLD, denied: [NEW]};
  t.match(denyRelease(before, NEW), {ok: false, text: /is denied already/});
  t.match(denyRelease(before, OLD), {ok: false, text: /is what new instances boot/});
  t.match(allowRelease(before, OLD), {ok: false, text: /is not denied/});
});

t.test('who denies what is rolled out is told that it stands still', async t => {
  const told = (over: object) => {
    const edit = denyRelease({...EMPTY_LEDGER, rollout: rollout(over)}, NEW);
    return /its rollout stands still, and "agentctl revert"/.test(edit.text);
  };
  const revert = {release: OLD, cause: {kind: 'permit.waiting', details: {}}, since: 1};
  t.same([told({}), told({release: OLD}), told({revert})], [true, false, false]);
});

t.test('a permit is taken from whom nobody hears that they have it', async t => {
  const permits = [1, 2].map(n => ({host: `i-${n}`, fence: n, release: NEW, version: '2', since: 1}));
  const before = {...EMPTY_LEDGER, fence: 2, permits};
  t.match(takePermit(before, 'i-3', []), {ok: false, text: 'i-3 has no permit'});
  const other = host('i-2', {permit: 2});
  const taken = {ok: true, ledger: {...before, permits: permits.slice(1)}, text: /the permit 1 of i-1/};
  t.match(takePermit(before, 'i-1', [other]), taken, 'it is not seen');
  t.match(takePermit(before, 'i-1', [host('i-1'), other]), taken, 'it has forgotten it');
  const holding = host('i-1', {permit: 1, phase: 'gating'});
  t.match(takePermit(before, 'i-1', [other, holding]), {ok: false, text: /i-1 is there, gating/});
  t.equal(
    plan(view([holding, other], {ledger: {...before, permits: [], rollout: rollout()}})).ledger.permits
      .length,
    2,
    'it would have it again',
  );
});
