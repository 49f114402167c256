import t from 'tap';
import {host, NEW, OLD, rollout} from '../../../core/fleet/fleet.ts';
import {emptyFleet, fleetIn, line, type TestFleet} from '../store.ts';

const never = new AbortController().signal;
const desiredOf = async ({text, keys}: TestFleet) => JSON.parse((await text(keys.desired)) ?? 'null');

/** The fleet asks for this document, and its rollout is of that version. */
const asks = async (
  {put, putLedger, store, keys}: TestFleet,
  desired: {
    readonly release: string;
    readonly share?: string;
    readonly message?: string;
    readonly by?: string;
  },
  ledger: Parameters<TestFleet['putLedger']>[0] = {},
): Promise<void> => {
  await put(keys.desired, desired);
  const version = (await store.get(keys.desired, never))?.version ?? '';
  await putLedger({proven: OLD, rollout: rollout({version, release: desired.release}), ...ledger});
};

t.test('promote takes the share away', async t => {
  const fleet = await emptyFleet(t);
  t.match(await fleet.agentctl(['promote', '--yes']), {exit: 1, err: /there is nothing to promote/});
  await fleet.putHosts([host('i-1', {active: NEW}), host('i-2')]);
  await asks(fleet, {release: NEW, share: '50%', message: 'the cart', by: 'bob'});
  const {exit, err} = await fleet.agentctl(['promote', '--yes']);
  t.equal(exit, 0, err);
  t.match(line(err), /^Every host of web\/production is asked to run snap-22222222 instead of snap-22222222/);
  const {share, ...rest} = await desiredOf(fleet);
  t.match([share, rest], [undefined, {release: NEW, message: 'the cart', by: 'ada'}]);
  const again = await fleet.agentctl(['promote', '--yes']);
  t.match([again.exit, line(again.err)], [1, /on every host already: there is no share to promote/]);
  await asks(fleet, {release: NEW, share: '50%'}, {denied: [NEW]});
  t.match(await fleet.agentctl(['promote', '--yes']), {exit: 1, err: /is denied: it is\s+not promoted/});
});

t.test('promote carries exactly what is proven in another channel', async t => {
  const fleet = await emptyFleet(t);
  const canary = fleetIn(fleet.store, fleet.url, 'canary');
  const promote = ['promote', '--from', 'canary', '--to', 'production', '--yes'];
  const nothing = await fleet.agentctl(promote);
  t.match([nothing.exit, line(nothing.err)], [1, /nothing is proven in web\/canary/]);
  await canary.putHosts([host('i-9', {active: NEW})]);
  await asks(canary, {release: 'snap-33333333'}, {proven: NEW});
  const busy = await fleet.agentctl(promote);
  t.match([busy.exit, line(busy.err)], [1, /a rollout is under way in web\/canary \(snap-33333333\)/]);
  await asks(canary, {release: NEW}, {proven: NEW});
  await canary.putHosts([host('i-8', {active: OLD})]);
  t.match(
    await fleet.agentctl(promote),
    {exit: 1, err: /under way in web\/canary/},
    'a host still goes there',
  );
  await canary.putHosts([host('i-8', {active: NEW})]);
  // from a channel of one's own
  t.match(await canary.agentctl(promote), {
    exit: 0,
    out: /^web\/production\/desired asks for snap-22222222 now/,
  });
  t.match(await desiredOf(fleet), {release: NEW, message: 'proven in web/canary'});
  t.match(await fleet.agentctl(promote), {
    exit: 1,
    err: /web\/production is asked for snap-22222222 already/,
  });
  const both = await fleet.agentctl([...promote, '--channel', 'dev']);
  t.match([both.exit, both.err], [2, /cannot be used with option '--channel/]);
  const same = await fleet.agentctl(['promote', '--from', 'production', '--yes']);
  t.match([same.exit, line(same.err)], [2, /expected another channel than production/]);
});

t.test('revert goes back to what is proven, and else to what was before', async t => {
  const fleet = await emptyFleet(t);
  await fleet.putHosts([host('i-1')]);
  await asks(fleet, {release: NEW}, {proven: null});
  t.match(await fleet.agentctl(['revert', '--yes']), {exit: 1, err: /nothing is proven yet/});
  await asks(fleet, {release: NEW}, {previous: 'snap-00000000'});
  t.match(await fleet.agentctl(['revert']), {exit: 1, err: /run snap-11111111 instead of\s+snap-22222222/});
  t.match(await fleet.agentctl(['revert', '--yes', '-m', 'the cart']), {exit: 0});
  t.match(await desiredOf(fleet), {release: OLD, message: 'the cart'});

  await asks(fleet, {release: OLD}, {previous: 'snap-00000000'});
  t.match(await fleet.agentctl(['revert', '--yes']), {exit: 0});
  t.match(await desiredOf(fleet), {release: 'snap-00000000', message: 'back from snap-11111111'});
  await asks(fleet, {release: OLD}, {previous: null});
  t.match(await fleet.agentctl(['revert', '--yes']), {exit: 1, err: /no other release was proven before/});
  await fleet.putHosts([host('i-2', {active: NEW})]);
  await asks(fleet, {release: OLD}, {previous: 'snap-00000000'});
  const back = await fleet.agentctl(['revert', '--yes']);
  t.match([back.exit, line(back.err)], [1, /on its way to snap-11111111 already, which is proven/]);
});

t.test('unify brings every host to one release', async t => {
  const fleet = await emptyFleet(t);
  t.match(await fleet.agentctl(['unify', '--yes']), {
    exit: 1,
    err: /nothing is proven yet: name the release/,
  });
  await fleet.putHosts([host('i-1', {active: NEW}), host('i-2')]);
  await asks(fleet, {release: NEW, share: '50%'});
  t.match(await fleet.agentctl(['unify', '--yes']), {exit: 0});
  t.match(await desiredOf(fleet), {release: OLD, message: 'one release for every host', share: undefined});
  t.match(await fleet.agentctl(['unify', '--yes']), {exit: 1, err: /is asked for snap-11111111\s+already/});
  t.match(await fleet.agentctl(['unify', 'snap-22', '--yes']), {exit: 0});
  t.match(await desiredOf(fleet), {release: NEW});
  await fleet.putHosts([host('i-2', {active: NEW})]);
  t.match(await fleet.agentctl(['unify', NEW, '--yes']), {
    exit: 1,
    err: /every host runs snap-22222222 already/,
  });
});

t.test('a lock of somebody else holds for all of them', async t => {
  const fleet = await emptyFleet(t);
  await fleet.putHosts([host('i-1')]);
  await asks(fleet, {release: NEW, share: '50%'}, {previous: 'snap-00000000'});
  await fleet.put(fleet.keys.lock, {by: 'bob'});
  for (const verb of ['promote', 'revert', 'unify'])
    t.match(await fleet.agentctl([verb, '--yes']), {exit: 1, err: /locked by bob/}, verb);
});
