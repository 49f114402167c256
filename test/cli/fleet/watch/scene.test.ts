import t from 'tap';
import {drawOn} from '../../../../agent/cli/fleet/watch/draw.ts';
import {createPace} from '../../../../agent/cli/fleet/watch/pace.ts';
import {sceneText} from '../../../../agent/cli/fleet/watch/scene.ts';
import {WIDTH} from '../../../../agent/cli/layout.ts';
import {EMPTY_LEDGER} from '../../../../agent/core/fleet/ledger.ts';
import type {FleetView} from '../../../../agent/core/fleet/plan.ts';
import {host, NEW, OLD, policy, rollout, unseen, view} from '../../../core/fleet/fleet.ts';
import {largeView} from '../large.ts';

const look = (seen: FleetView, over: {coordinator?: string | null; now?: number} = {}) => ({
  name: 'web/production',
  fleet: {
    view: seen,
    coordinator: over.coordinator === undefined ? 'i-1' : over.coordinator,
    unreadable: [],
    entries: {desired: null, freeze: null, lock: null, ledger: null},
  },
  perHostMs: 60_000,
  away: null,
  now: over.now ?? seen.now,
});

t.test('3,000 hosts fit into 80 columns, and a screen', async t => {
  const lines = sceneText(look(largeView())).split('\n');
  t.same(
    lines.filter(each => each.length > WIDTH && !each.includes('x'.repeat(80))),
    [],
  );
  t.ok(lines.length < 70, `${lines.length} lines`);
});

t.test('a rollout in the middle reads as it should', async t => {
  const hosts = [
    host('i-1', {active: NEW}),
    host('i-2', {phase: 'draining', serving: false, permit: 2}),
    host('i-3', {phase: 'waiting', wants: {release: NEW, version: '2'}}),
    host('i-4'),
  ];
  const permits = [{host: 'i-2', fence: 2, release: NEW, version: '2', since: 0}];
  const seen = view(hosts, {
    ledger: {...EMPTY_LEDGER, fence: 2, proven: OLD, rollout: rollout({wave: 0}), permits},
    policy: policy({waves: [{percent: 50}], bakeMs: 600_000}),
    now: 30_000,
  });
  const text = sceneText({
    ...look(seen, {coordinator: null, now: 42_000}),
    away: {text: 'the store c does not answer: no leader', since: 40_000},
  });
  t.equal(
    text,
    `fleet        web/production
state        rolling out snap-22222222
asked for    snap-22222222
progress     [############......................................] 25 %
             1 of 4 hosts has it
wave         1 of 1 (50%)
out          1: i-2 for 42 s
coordinator  nobody: no permit is given
store        the store c does not answer: no leader; for 2 s, since when nothing
             new is known
left         about 12 m 18 s, with 1 m for each host that is out`,
  );
  const frozen = {...seen, freeze: {by: 'a', note: 'b', at: null}, ledger: {...seen.ledger, permits: []}};
  t.notMatch(sceneText(look(frozen)), /^left/m, 'nobody knows');
  const many = {...seen, missing: [unseen('i-8'), unseen('i-9')]};
  t.match(sceneText(look(many)), /^missing +2: i-8, …$/m);
  t.match(sceneText(look({...seen, missing: [unseen('i-8')]})), /^missing +1: i-8$/m);
});

t.test('a host takes as long as those that were seen', async t => {
  const pace = createPace();
  t.equal(pace.perHostMs(), 60_000, 'until one was');
  const permit = (fence: number, since: number) => ({
    host: `i-${fence}`,
    fence,
    since,
    release: NEW,
    version: '2',
  });
  const ledger = (...permits: ReturnType<typeof permit>[]) => ({...EMPTY_LEDGER, permits});
  pace.note(ledger(permit(1, 0), permit(2, 1_000), permit(3, 2_000)), 5_000);
  pace.note(ledger(permit(3, 2_000)), 12_000);
  pace.note(ledger(), 90_000);
  t.equal(pace.perHostMs(), 12_000, 'the middle of 11, 12 and 88 s');
});

t.test('what has more lines than the screen is cut', async t => {
  const written: string[] = [];
  const drawing = drawOn({write: text => void written.push(text), size: () => ({columns: 80, rows: 3})});
  drawing.draw('a\nb\nc\nd');
  drawing.draw('e');
  drawing.draw('f');
  drawing.end();
  t.same(written, [
    '\x1b[?25l\r\x1b[Ja\nb\n',
    '\x1b[?25l\r\x1b[2A\x1b[Je\n',
    '\x1b[?25l\r\x1b[1A\x1b[Jf\n',
    '\x1b[?25h',
  ]);
});
