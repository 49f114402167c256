import t from 'tap';
import * as v from 'valibot';
import {isOpen, opensAt, type Window, windowSchema} from '../../../agent/core/policy/window.ts';

const at = (text: string): number => Date.parse(text);
const text = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString().slice(0, 16);
const window = (over: object): Window => v.parse(windowSchema, {from: '09:00', to: '17:00', ...over});

t.test('a window is open from its first minute to the one before its last', async t => {
  const office = [window({days: ['mon', 'tue', 'wed', 'thu', 'fri']})];
  const open = (when: string) => isOpen(office, at(when));
  t.notOk(open('2026-11-27T08:59:59Z'));
  t.ok(open('2026-11-27T09:00:00Z'));
  t.ok(open('2026-11-27T16:59:59Z'));
  t.notOk(open('2026-11-27T17:00:00Z'));
  t.notOk(open('2026-11-28T10:00:00Z'), 'a Saturday');
  t.ok(isOpen([], at('2026-11-28T10:00:00Z')), 'no window is no limit');
  t.ok(
    isOpen([window({from: '01:00', to: '02:00'}), ...office], at('2026-11-27T10:00:00Z')),
    'one is enough',
  );
});

t.test('a window that ends before it begins ends on the next day', async t => {
  const night = [window({days: ['fri'], from: '22:00', to: '04:00'})];
  const open = (when: string) => isOpen(night, at(when));
  t.notOk(open('2026-11-27T21:59:00Z'));
  t.notOk(open('2026-11-27T03:59:00Z'), 'the morning before');
  t.ok(open('2026-11-27T22:00:00Z'));
  t.ok(open('2026-11-28T03:59:00Z'));
  t.notOk(open('2026-11-28T04:00:00Z'));
  t.notOk(open('2026-11-28T22:00:00Z'));
  const sunday = [window({days: ['sat'], from: '23:00', to: '01:00'})];
  t.ok(isOpen(sunday, at('2026-11-29T00:30:00Z')), 'over the end of the week');
  const whole = [window({days: ['sat'], from: '06:00', to: '06:00'})];
  t.ok(isOpen(whole, at('2026-11-29T05:59:00Z')), 'the same time: a whole day');
  t.notOk(isOpen(whole, at('2026-11-29T06:00:00Z')));
});

t.test('the wall clock is that of the place, in summer and in winter', async t => {
  const berlin = [window({timezone: 'Europe/Berlin'})];
  t.notOk(isOpen(berlin, at('2026-01-12T07:59:00Z')));
  t.ok(isOpen(berlin, at('2026-01-12T08:00:00Z')));
  t.ok(isOpen(berlin, at('2026-07-13T07:00:00Z')));
  t.notOk(isOpen(berlin, at('2026-07-13T15:00:00Z')));
});

t.test('it is known when the next window opens', async t => {
  const office = [window({days: ['mon', 'thu'], timezone: 'Europe/Berlin'})];
  const next = (when: string, windows = office) => text(opensAt(windows, at(when)));
  t.equal(next('2026-11-28T10:30:45Z'), '2026-11-30T08:00');
  t.equal(next('2026-11-30T07:59:59Z'), '2026-11-30T08:00');
  t.equal(next('2026-11-30T17:00:00Z'), '2026-12-03T08:00');
  t.equal(
    next('2026-11-30T17:00:00Z', [...office, window({days: ['tue'], from: '00:07'})]),
    '2026-12-01T00:07',
  );
  t.equal(next('2026-11-28T10:00:00Z', []), null);
});

t.test('when the clock is set, a window opens when its wall clock says so', async t => {
  const early = [window({from: '02:30', to: '04:00', timezone: 'Europe/Berlin'})];
  const next = (when: string) => text(opensAt(early, at(when)));
  t.equal(next('2026-03-28T12:00:00Z'), '2026-03-29T01:00', 'half past two is left out: at three');
  t.ok(isOpen(early, at('2026-03-29T01:00:00Z')));
  t.notOk(isOpen(early, at('2026-03-29T00:59:00Z')));
  t.notOk(isOpen(early, at('2026-03-29T02:00:00Z')));
  t.equal(next('2026-10-24T12:00:00Z'), '2026-10-25T00:30', 'it comes twice: the first one');
  t.ok(isOpen(early, at('2026-10-25T01:45:00Z')), 'and the second one');
  const later = [window({from: '09:00', to: '10:00', timezone: 'Europe/Berlin'})];
  t.equal(
    text(opensAt(later, at('2026-03-28T12:00:00Z'))),
    '2026-03-29T07:00',
    'after the clock was set forward',
  );
  t.equal(text(opensAt(later, at('2026-10-24T12:00:00Z'))), '2026-10-25T08:00', 'after it was set back');
});

t.test('what is no window is refused in words', async t => {
  const issue = (value: object) => {
    const result = v.safeParse(windowSchema, value);
    return result.success ? 'none' : result.issues[0].message;
  };
  t.match(issue({from: '9:00', to: '17:00'}), 'a time of day such as "09:30"');
  t.match(issue({from: '24:00', to: '17:00'}), 'a time of day such as "09:30"');
  t.match(issue({from: '09:60', to: '17:00'}), 'a time of day such as "09:30"');
  t.match(issue({from: '09:00', to: '17:00', timezone: 'Mars/Base'}), /IANA/);
  t.not(issue({from: '09:00', to: '17:00', days: []}), 'none');
  t.not(issue({from: '09:00', to: '17:00', days: ['monday']}), 'none');
  t.not(issue({from: '09:00', to: '17:00', day: ['mon']}), 'none');
  t.same(window({}), {days: [0, 1, 2, 3, 4, 5, 6], from: 540, to: 1_020, timezone: 'UTC'});
  t.same(window({days: ['sat', 'sun']}).days, [0, 6]);
});
