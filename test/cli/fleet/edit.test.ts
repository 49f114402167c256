import t from 'tap';
import {host, NEW, OLD, rollout} from '../../core/fleet/fleet.ts';
import {emptyFleet, line} from './store.ts';

const PERMIT = {host: 'i-1', fence: 7, release: NEW, version: '2', since: 1};

t.test('deny and allow edit the ledger, and say what follows', async t => {
  const {agentctl, ledger, putLedger} = await emptyFleet(t);
  await putLedger({proven: OLD, rollout: rollout(), permits: [PERMIT]});
  t.match(await agentctl(['deny', NEW]), {exit: 1, err: /add --yes/});
  t.same((await ledger()).denied, []);
  const denied = await agentctl(['deny', 'snap-2222', '--yes']);
  t.match(
    [denied.exit, line(denied.out)],
    [0, /^web\/production: snap-22222222 is denied: no host boots it.*its rollout stands still/],
  );
  t.same(await ledger(), {...(await ledger()), denied: [NEW], permits: [PERMIT]});
  t.match(await agentctl(['deny', NEW, '--yes']), {exit: 1, err: /is denied already/});
  t.match(await agentctl(['deny', OLD, '--yes']), {exit: 1, err: /is what new instances boot/});
  t.match(await agentctl(['allow', 'snap-22']), {exit: 0, out: /snap-22222222 may be tried again/});
  t.same((await ledger()).denied, []);
  t.match(await agentctl(['allow', NEW]), {exit: 1, err: /is not denied/});
});

t.test('a release that nobody knows has to be written in full', async t => {
  const {agentctl, putLedger} = await emptyFleet(t);
  await putLedger({proven: 'snap-11111111', previous: 'snap-11112222'});
  for (const [name, text] of [
    ['main', /expected a snapshot id.*got "main"/],
    ['snap-1111', /which several begin with/],
    ['sna', /got "sna"/],
  ] as const) {
    const {exit, err} = await agentctl(['deny', name, '--yes']);
    t.match([exit, line(err)], [2, text], name);
  }
  t.match(await agentctl(['deny', NEW, '--yes']), {exit: 0});
});

t.test('a permit is taken from a host that is gone, never from one that says it has it', async t => {
  const {agentctl, ledger, putLedger, putHosts} = await emptyFleet(t);
  await putLedger({rollout: rollout(), permits: [PERMIT]});
  t.match(await agentctl(['release-permit', 'i-2', '--yes']), {exit: 1, err: /i-2 has no permit/});
  await putHosts([host('i-1', {phase: 'draining', permit: 7})]);
  const there = await agentctl(['release-permit', 'i-1', '--yes']);
  t.match([there.exit, line(there.err)], [1, /i-1 is there, draining, and says that it holds its permit/]);
  await putHosts([host('i-1', {phase: 'booting'})]);
  const asked = await agentctl(['release-permit', 'i-1']);
  t.match(
    [asked.exit, line(asked.err)],
    [1, /the permit 7 of i-1 for snap-22222222 is free\. If i-1 still runs, one/],
  );
  t.match(await agentctl(['release-permit', 'i-1', '--yes']), {exit: 0});
  t.same((await ledger()).permits, []);
});

t.test('an edit is made again on what the coordinator wrote meanwhile', async t => {
  const {agentctl, ledger, putLedger} = await emptyFleet(t);
  await putLedger({proven: OLD, rollout: rollout(), fence: 1});
  const confirm = async () => {
    await putLedger({proven: OLD, rollout: rollout(), fence: 7, permits: [PERMIT]});
    return true;
  };
  t.match(await agentctl(['deny', NEW], {confirm}), {exit: 0});
  t.match(await ledger(), {fence: 7, permits: [PERMIT], denied: [NEW]});
});

t.test('a damaged ledger is left alone', async t => {
  const {agentctl, put, text, keys} = await emptyFleet(t);
  await put(keys.ledger, '{"format":2}');
  const {exit, err} = await agentctl(['deny', NEW, '--yes']);
  t.match([exit, line(err)], [1, /the document ledger is not readable/]);
  t.equal(await text(keys.ledger), '{"format":2}');
});
