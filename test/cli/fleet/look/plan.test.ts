import t from 'tap';
import {planText} from '../../../../agent/cli/fleet/look/plan-text.ts';
import {WIDTH} from '../../../../agent/cli/layout.ts';
import {forecast} from '../../../../agent/core/fleet/forecast/forecast.ts';
import {host, NEW, OLD, policy, rollout} from '../../../core/fleet/fleet.ts';
import {NEW as LARGE_NEW, largeView} from '../large.ts';
import {emptyFleet, line} from '../store.ts';

const hosts = ['i-1', 'i-2', 'i-3', 'i-4', 'i-5'].map((name, n) => host(name, {canary: n === 4}));

t.test('a plan shows the order, the waves, how long it takes and how it ends', async t => {
  const {agentctl, put, putHosts, putLedger, keys, text} = await emptyFleet(t);
  await putHosts(hosts);
  await putLedger({proven: OLD});
  await put(keys.desired, OLD);
  await put(keys.policy, {waves: ['canary', '60%'], bake: '10m', concurrency: 1});
  const before = [await text(keys.desired), await text(keys.ledger)];
  const {exit, out, err} = await agentctl(['plan', NEW, '--per-host', '30s']);
  t.equal(exit, 0, err);
  t.match(
    out.replace(/until 20.. /, ''),
    /^plan {6}web\/production to snap-22222222\nruns now {2}snap-11111111 on 5\ngoes {6}5 hosts\ntakes {5}about 22 m 30 s, until 20.*\n(?: .*\n)+ends {6}on every host, and proven\n\nwave {6}hosts {2}begins {6}ends {8}in this order\ncanary {4}1 {6}\+0 s {8}\+30 s {7}i-5\n60% {7}2 {6}\+10 m 30 s {2}\+11 m 30 s {2}(i-\d), (i-\d)\nthe rest {2}2 {6}\+21 m 30 s {2}\+22 m 30 s {2}(i-\d), (i-\d)$/,
  );
  t.same([await text(keys.desired), await text(keys.ledger)], before, 'nothing is written');
  const part = await agentctl(['plan', NEW, '--share', '40%', '--json']);
  const document = JSON.parse(part.out);
  t.match(document, {release: NEW, share: '40%', hosts: 5, perHostMs: 60_000, end: 'partial', blockers: []});
  t.match(document.waves, [
    {name: 'canary', hosts: ['i-5']},
    {name: '60%', hosts: [/^i-/]},
  ]);
  t.equal(document.waves.length, 2);
});

t.test('what is in the way is said, and the plan is what follows after it', async t => {
  const {agentctl, put, putHosts, putLedger, keys} = await emptyFleet(t);
  await putHosts(hosts);
  await putLedger({proven: OLD, denied: [NEW]});
  await put(keys.freeze, {by: 'bob', note: 'lunch'});
  await put(keys.lock, {by: 'bob', why: 'the move'});
  await put(keys.policy, {requireMessage: true});
  const all = line((await agentctl(['plan', NEW])).out);
  t.match(all, /in the way the fleet is locked by bob \(the move\)/);
  t.match(all, /in the way snap-22222222 is denied/);
  t.match(all, /in the way the policy asks for a message/);
  t.match(all, /in the way the fleet is frozen by bob: lunch/);
  t.match(all, /goes 5 hosts .* ends on every host, and proven/);
  t.notMatch((await agentctl(['plan', NEW, '-m', 'x'])).out, /asks for a message/);
  await put(keys.policy, {concurrency: 'all'});
  t.match(line((await agentctl(['plan', NEW])).out), /in the way the document policy is not readable/);
});

t.test('without a release it is what is left', async t => {
  const {agentctl, put, putHosts, putLedger, keys, store} = await emptyFleet(t);
  t.match(await agentctl(['plan']), {exit: 1, err: /no release is asked for/});
  await put(keys.desired, NEW);
  const version = (await store.get(keys.desired, new AbortController().signal))?.version ?? '';
  await putHosts([host('i-1', {active: NEW}), host('i-2'), host('i-3')]);
  await putLedger({proven: OLD, rollout: rollout({version})});
  t.match((await agentctl(['plan'])).out, /^goes +2 hosts$/m);
  await putHosts([host('i-2', {active: NEW}), host('i-3', {active: NEW})]);
  t.match((await agentctl(['plan'])).out, /^goes +no host\nends +on every host, and proven$/m);
  await put(keys.policy, {requireMessage: true});
  t.match((await agentctl(['plan'])).out, /^in the way +the policy asks for a message/m);
  await put(keys.desired, {release: NEW, by: 'bob', message: 'the cart'});
  await put(keys.lock, {by: 'bob (7)'});
  t.notMatch((await agentctl(['plan'])).out, /in the way/);
  await put(keys.desired, {release: NEW, message: 'the cart'});
  t.match(
    (await agentctl(['plan'])).out,
    /^in the way +the fleet is locked by bob \(7\)/m,
    'somebody wrote it',
  );
});

t.test('wrong usage is exit code 2', async t => {
  const {agentctl} = await emptyFleet(t);
  for (const [args, text] of [
    [['plan', 'main'], /snapshot id/],
    [['plan', '--share', '10%'], /--share and --force go with a release/],
    [['plan', NEW, '--per-host', '60'], /a duration from 1s to 24h/],
    [['plan', NEW, '--per-host', '25h'], /a duration from 1s to 24h/],
    [['plan', NEW, '--share', 'x'], /a percentage from 1% to 100%/],
  ] as const)
    t.match(await agentctl(args), {exit: 2, err: text}, args.join(' '));
});

t.test('3,000 hosts fit into 80 columns', async t => {
  const view = largeView();
  const rules = policy({...view.policy, waves: ['canary', {percent: 10}, {percent: 100}], bakeMs: 600_000});
  const free = {...view, policy: rules, freeze: null, lock: null};
  const seen = forecast(free, {perHostMs: 60_000});
  const planned = {
    name: 'web/production',
    release: LARGE_NEW,
    share: null,
    view,
    forecast: seen,
    blockers: [],
    perHostMs: 60_000,
  };
  const text = planText(planned);
  t.same(
    text.split('\n').filter(each => each.length > WIDTH),
    [],
  );
  t.ok(text.split('\n').length < 40);
});
