import t from 'tap';
import {fleetText, hostsText} from '../../../../agent/cli/fleet/look/fleet-text.ts';
import type {Fleet} from '../../../../agent/cli/fleet/reach/read.ts';
import {WIDTH} from '../../../../agent/cli/layout.ts';
import type {FleetView} from '../../../../agent/core/fleet/plan.ts';
import {host, OLD, policy, rollout, view} from '../../../core/fleet/fleet.ts';
import {largeView, NOW} from '../large.ts';

const fleetOf = (seen: FleetView): Fleet => ({
  view: seen,
  coordinator: 'i-0123456789abcdef0',
  unreadable: [],
  entries: {desired: null, freeze: null, lock: null, ledger: null},
});
const shown = (seen: FleetView) => ({
  name: 'web/production',
  fleet: fleetOf(seen),
  hosts: seen.hosts,
  isFiltered: false,
});

t.test('3,000 hosts fit into 80 columns and a screen or two', async t => {
  const large = largeView();
  const lines = fleetText(shown(large)).split('\n');
  // a name that somebody gave is not broken
  t.same(
    lines.filter(line => line.length > WIDTH && !line.includes('x'.repeat(80))),
    [],
  );
  t.ok(lines.length < 140, `${lines.length} lines`);
  t.equal(lines.filter(line => line.startsWith('ap-southeast-')).length, 12);
  const rest = large.hosts.filter(({zone}) => !lines.some(line => line.startsWith(`${zone} `)));
  const serving = rest.filter(each => each.serving).length;
  t.ok(
    lines.includes(`8 more${String(rest.length).padStart(44)}${String(serving).padStart(10)}`),
    'the rest',
  );
  const rows = hostsText(large.hosts, NOW).split('\n');
  t.ok(rows.length > 3_000);
  t.same(
    rows.filter(line => line.length > WIDTH && !line.includes('x'.repeat(80))),
    [],
  );
});

t.test('a rollout in the middle reads as it should', async t => {
  const seen = view(
    [
      host('i-1', {active: 'snap-22222222', zone: 'b', since: 0}),
      host('i-2', {phase: 'draining', serving: false, permit: 3, since: 60_000}),
      host('i-3', {phase: 'waiting', wants: {release: 'snap-22222222', version: '2'}, canary: true}),
    ],
    {
      ledger: {
        ...view([]).ledger,
        proven: OLD,
        previous: 'snap-00000000',
        rollout: rollout({wave: 1, number: 4}),
        permits: [{host: 'i-2', fence: 3, release: 'snap-22222222', version: '2', since: 60_000}],
        denied: ['snap-33333333'],
      },
      desired: {
        release: {kind: 'ebs', snapshot: 'snap-22222222'},
        version: '2',
        by: 'ada',
        message: 'the new checkout',
        share: {percent: 50},
        force: ['i-9'],
      },
      policy: policy({waves: ['canary', {percent: 50}]}),
      freeze: {by: 'bob', note: 'lunch', at: 0},
      missing: [{host: 'i-9', since: 1_000, rollout: '2', ec2: 'running'}],
      now: 121_000,
    },
  );
  t.equal(
    fleetText(shown(seen)),
    `fleet        web/production, 3 hosts
state        rolling out snap-22222222
asked for    snap-22222222 for 50%: "the new checkout" (ada), not waiting for
             i-9
proven       snap-11111111
previous     snap-00000000
rollout      number 4, wave 2 of 2 (50%), 1 of 3 hosts has it, for 2 m
out          1: i-2 for 1 m 1 s
frozen       by bob since 1970-01-01 00:00 UTC: lunch
denied       snap-33333333
missing      1: i-9 for 2 m (EC2: running)
coordinator  i-0123456789abcdef0

release                                      hosts   serving
snap-11111111 (proven)                           2         1
snap-22222222                                    1         1

zone                                         hosts   serving
a                                                2         1
b                                                1         1

phase                                        hosts   serving
draining                                         1         0
serving                                          1         1
waiting                                          1         1`,
  );
  t.equal(
    hostsText(seen.hosts, 121_000),
    `instance              zone            phase         release            since
i-1                   b               serving       snap-22222222      2 m 1 s
i-2                   a               draining      snap-11111111      1 m 1 s
i-3                   a               waiting       snap-11111111      2 m 1 s`,
  );
});

t.test('what is out of the ordinary is said in words', async t => {
  const empty = fleetText({
    ...shown(view([], {desired: null})),
    fleet: {...fleetOf(view([], {desired: null})), coordinator: null},
  });
  t.match(empty, /^state +no release is asked for$/m);
  t.match(empty, /^coordinator +nobody: no permit is given\n\nno host is seen$/m);
  const few = {...shown(view([host('i-1')])), hosts: [], isFiltered: true};
  t.match(fleetText(few), /\n\nno host is like that$/);
});
