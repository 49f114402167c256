import t from 'tap';
import {EMPTY_LEDGER} from '../../../../agent/core/fleet/ledger.ts';
import {allowRelease, denyRelease} from '../../../../agent/core/fleet/operate/edit.ts';
import {plan} from '../../../../agent/core/fleet/plan.ts';
import {DENIED_LIMIT} from '../../../../agent/core/fleet/verdict.ts';
import {NEW, OLD, rollout, view, waiting} from '../fleet.ts';

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
