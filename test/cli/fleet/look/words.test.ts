import t from 'tap';
import {
  askedText,
  failedText,
  outText,
  progressText,
  standingText,
  stopText,
  waveOfText,
} from '../../../../agent/cli/fleet/look/words.ts';
import type {Ledger, Rollout} from '../../../../agent/core/fleet/ledger.ts';
import type {FleetView} from '../../../../agent/core/fleet/plan.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {host, NEW, OLD, policy, rollout, view} from '../../../core/fleet/fleet.ts';

const revert = {release: OLD, cause: reason('permit.waiting', {}), since: 1};
const seen = (over: Partial<Rollout> = {}, more: Partial<FleetView> = {}, ledger: Partial<Ledger> = {}) =>
  view([host('i-1')], {...more, ledger: {...view([]).ledger, rollout: rollout(over), ...ledger}});
const asked = (more: object) =>
  ({release: {kind: 'ebs', snapshot: NEW}, version: '2', ...more}) as FleetView['desired'];

t.test('every standing has its words', async t => {
  const share = seen({}, {desired: asked({share: {percent: 10}})});
  for (const [standing, text, fleet] of [
    ['idle', 'no release is asked for', view([], {desired: null})],
    ['pending', `${NEW} is asked for, and not begun`, view([])],
    ['rolling', `rolling out ${NEW}`, seen()],
    ['rolling', `going back to ${NEW}`, seen({way: 'back'})],
    ['partial', `${NEW} is on 10% of the fleet, as asked`, share],
    ['proven', `steady on ${NEW}`, seen()],
    ['halted', `the rollout of ${NEW} is halted`, seen()],
    ['denied', `${NEW} is denied`, seen()],
    ['reverting', `${NEW} failed; going back to ${OLD}`, seen({revert})],
    ['reverted', `${NEW} failed; back on ${OLD}`, seen({revert})],
  ] as const)
    t.equal(standingText(standing, fleet), text, standing);
});

t.test('waves, where there are any', async t => {
  const rules = policy({waves: ['canary', {percent: 10}]});
  const wave = (over: Partial<Rollout>) => waveOfText(seen(over, {policy: rules}));
  t.equal(wave({}), 'wave 1 of 2 (canary)');
  t.equal(wave({wave: 1}), 'wave 2 of 2 (10%)');
  t.equal(wave({wave: 2}), 'past its waves, the rest follows');
  t.same(
    [wave({way: 'back'}), wave({revert}), waveOfText(seen()), waveOfText(view([]))],
    [null, null, null, null],
  );
  t.equal(waveOfText(seen({}, {policy: policy({waves: ['canary']})})), 'wave 1 of 1 (canary)');
});

t.test('what was asked for, who is out, on whom it failed', async t => {
  const text = (more: object) => askedText(view([], {desired: asked(more)}));
  t.equal(text({}), NEW);
  t.equal(text({by: 'ada'}), `${NEW}: (ada)`);
  t.equal(text({message: 'm', force: ['i-1']}), `${NEW}: "m", not waiting for i-1`);
  t.equal(askedText(view([], {desired: null})), null);
  const permits = [1, 2].map(n => ({host: `i-${n}`, fence: n, release: NEW, version: '2', since: n * 1_000}));
  t.equal(outText(seen({}, {now: 5_000}, {permits})), '2: i-2 for 3 s, i-1 for 4 s');
  const cause = reason('unexpected', {cause: 'x'});
  const failures = [
    {host: 'i-1', fence: 1, cause},
    {host: 'i-2', fence: 2, cause: null},
  ];
  t.equal(failedText(seen({}, {}, {failures})), '2: i-1 (unexpected error: x), i-2 (no reason given)');
  t.same([outText(seen()), failedText(seen())], [null, null]);
  t.equal(progressText(seen()), '0 of 1 host has it');
  t.equal(stopText('ada', null, ''), 'by ada');
});
