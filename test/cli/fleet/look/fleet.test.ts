import t from 'tap';
import {reason} from '../../../../agent/core/reason.ts';
import {host, NEW, OLD, rollout} from '../../../core/fleet/fleet.ts';
import {emptyFleet, line, type TestFleet} from '../store.ts';

const steady = async (t: Parameters<typeof emptyFleet>[0]): Promise<TestFleet> => {
  const fleet = await emptyFleet(t);
  const {put, putHosts, putLedger, keys, store} = fleet;
  await put(keys.desired, OLD);
  const version = (await store.get(keys.desired, new AbortController().signal))?.version ?? '';
  await putHosts([host('i-1'), host('i-2', {zone: 'b', role: 'db', canary: true})]);
  await putLedger({proven: OLD, rollout: rollout({release: OLD, version})});
  await put(keys.coordinator, 'i-2');
  return fleet;
};

t.test('a steady fleet is exit code 0, any other 4', async t => {
  const {agentctl, put, putHosts, keys, store} = await steady(t);
  const good = await agentctl(['fleet']);
  t.equal(good.exit, 0, good.out);
  t.match(good.out, /^state +steady on snap-11111111$/m);
  t.match(good.out, /^coordinator +i-2$/m);
  await put(keys.freeze, 'stop');
  t.match(await agentctl(['fleet']), {exit: 4, out: /^frozen +by somebody: stop$/m});
  await store.delete(keys.freeze, 'any', new AbortController().signal);
  await putHosts([host('i-3', {active: NEW})]);
  t.match(await agentctl(['fleet']), {exit: 4, out: /^state +rolling out snap-11111111$/m});
  await put(keys.desired, NEW);
  t.match(await agentctl(['fleet']), {exit: 4, out: /^state +snap-22222222 is asked for, and not begun$/m});
});

t.test('what nobody can read is said, and the rest is shown', async t => {
  const {agentctl, put, keys} = await steady(t);
  await put(keys.host('i-9'), 'nonsense');
  await put(keys.policy, {concurrency: 0});
  await put(keys.desired, 'main');
  await put(keys.members, '[]');
  const {exit, out} = await agentctl(['fleet']);
  t.equal(exit, 4);
  t.match(
    line(out),
    /unreadable the desired release is refused: .*, the document policy .*, the document members .*, the document web\/production\/hosts\/i-9/,
  );
  t.match(out, /^fleet +web\/production, 2 hosts$/m);
});

t.test('filters leave those that are so', async t => {
  const {agentctl} = await steady(t);
  for (const [args, names] of [
    [[], ['i-1', 'i-2']],
    [['--zone', 'b'], ['i-2']],
    [['--role', 'web'], ['i-1']],
    [['--canary'], ['i-2']],
    [
      ['--release', 'snap-11'],
      ['i-1', 'i-2'],
    ],
    [['--release', 'snap-2'], []],
    [['--phase', 'serving', '--zone', 'a'], ['i-1']],
  ] as const) {
    const {out} = await agentctl(['fleet', '--hosts', '--json', ...args]);
    const document = JSON.parse(out);
    t.same(
      document.hosts.map((each: {instance: string}) => each.instance),
      names,
      args.join(' '),
    );
    t.equal(document.counts.hosts, names.length);
  }
  t.match((await agentctl(['fleet', '--zone', 'b'])).out, /^release \(1 of 2 hosts\)/m);
  const wrong = await agentctl(['fleet', '--phase', 'sleeping']);
  t.match([wrong.exit, line(wrong.err)], [2, /--phase: expected one of booting, staging/]);
});

t.test('JSON says all of it', async t => {
  const {agentctl, putLedger, putHosts} = await steady(t);
  const blocked = reason('permit.concurrency', {out: 1, limit: 1, holders: 'i-1'});
  await putLedger({proven: OLD, rollout: rollout(), blocked});
  await putHosts([host('i-1', {reason: blocked})]);
  const {exit, out} = await agentctl(['fleet', '--json', '--hosts']);
  t.equal(exit, 4);
  t.match(JSON.parse(out), {
    fleet: 'web/production',
    standing: 'pending',
    ledger: {proven: OLD, blocked: {kind: 'permit.concurrency', text: '1 of 1 permits are out (i-1)'}},
    counts: {hosts: 2, releases: [{name: OLD, hosts: 2, serving: 2}]},
    hosts: [{instance: 'i-1', reason: {text: /permits are out/}}, {instance: 'i-2'}],
  });
  const names = 'fleet now standing desired policy freeze lock coordinator ledger missing unreadable counts';
  t.same(Object.keys(JSON.parse((await agentctl(['fleet', '--json'])).out)), names.split(' '));
  t.match(
    (await agentctl(['fleet', '--hosts'])).out,
    /^instance .*\ni-1 .*\n {4}1 of 1 permits are out \(i-1\)\ni-2/,
  );
});
