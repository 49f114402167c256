import t from 'tap';
import {judge} from '../../agent/gate/unit-probe.ts';
import {parseUnit} from '../../agent/host/systemd/systemd.ts';

const state = (text: string) => {
  const [active, sub, rest = ''] = text.split(' ');
  return parseUnit(
    'web.service',
    `LoadState=loaded\nType=simple\nResult=success\nActiveState=${active}\nSubState=${sub}\n${rest.replaceAll(',', '\n')}`,
  );
};

const ROWS: readonly [string, string, string | null, ReturnType<typeof judge>][] = [
  ['an active unit', 'active running NRestarts=2', null, {ok: true}],
  [
    'one with as many restarts as before',
    'active running NRestarts=2',
    'active running NRestarts=2',
    {ok: true},
  ],
  [
    'one that restarted since',
    'active running NRestarts=3',
    'active running NRestarts=2',
    {ok: false, last: 'restarted, active (running)', final: 'bake'},
  ],
  ['one that starts', 'activating start', null, {ok: false, last: 'activating (start)'}],
  [
    'one that waits for its restart',
    'activating auto-restart Result=exit-code,ExecMainStatus=3',
    null,
    {ok: false, last: 'activating (auto-restart, exit-code, status 3)', final: 'bake'},
  ],
  [
    'one that systemd gave up',
    'failed failed Result=start-limit-hit',
    null,
    {ok: false, last: 'failed (start-limit-hit)', final: 'always'},
  ],
  [
    'one that was restarted until systemd gave it up',
    'failed failed Result=exit-code,NRestarts=5',
    'active running',
    {ok: false, last: 'restarted, failed (exit-code)', final: 'always'},
  ],
  [
    'one that ended',
    'inactive dead',
    'active running',
    {ok: false, last: 'inactive (dead)', final: 'always'},
  ],
  ['one that is queued', 'inactive dead Job=7', null, {ok: false, last: 'inactive (dead)'}],
  ['a oneshot that is done', 'inactive dead Type=oneshot', null, {ok: true}],
];

for (const [name, now, before, expected] of ROWS) {
  t.test(`${name} ${expected.ok ? 'passes' : 'does not pass'}`, async t => {
    t.same(judge(state(now), before === null ? null : state(before)), expected);
  });
}

t.test('a unit that is not there never passes', async t => {
  const answer = judge(parseUnit('x.service', 'LoadState=not-found\nActiveState=inactive\n'), null);
  t.same(answer, {ok: false, last: 'not-found', final: 'always'});
});
