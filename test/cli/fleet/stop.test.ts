import t from 'tap';
import {emptyFleet, line} from './store.ts';

const bob = {env: {USER: 'bob'}};

t.test('a freeze says why, and is ended by whoever says so', async t => {
  const {agentctl, text, keys} = await emptyFleet(t);
  t.match(await agentctl(['freeze']), {exit: 2, err: /--message/});
  t.match(await agentctl(['freeze', '-m', ' ']), {exit: 2, err: /the message is empty/});
  t.match(await agentctl(['thaw']), {exit: 1, err: /web\/production is not frozen/});
  const frozen = await agentctl(['freeze', '-m', 'the cart fails']);
  t.equal(frozen.exit, 0);
  t.match(line(frozen.out), /^web\/production is frozen: no host begins to leave traffic/);
  t.match(JSON.parse((await text(keys.freeze)) ?? ''), {by: 'ada', note: 'the cart fails', at: Number});
  const again = await agentctl(['freeze', '-m', 'me too'], bob);
  t.match([again.exit, line(again.err)], [1, /frozen by ada since 20.* UTC: the cart fails/]);

  const asked: string[] = [];
  const no = await agentctl(['thaw'], {...bob, confirm: async q => asked.push(q) === 0});
  t.equal(no.exit, 1);
  t.match(
    line(no.err),
    /goes on where it stood. It was told: the fleet is frozen by ada.*nothing was changed/,
  );
  t.same(asked, ['Shall it?']);
  t.not(await text(keys.freeze), null);
  t.match(await agentctl(['thaw', '--yes'], bob), {exit: 0});
  t.equal(await text(keys.freeze), null);
  await agentctl(['freeze', '-m', 'mine']);
  t.match(await agentctl(['thaw', '--json']), {exit: 0, out: /^{"ok":true,"value":"web\/production goes on/});
});

t.test('anything in the freeze key stands for a freeze', async t => {
  const {agentctl, put, keys} = await emptyFleet(t);
  await put(keys.freeze, 'stop!');
  const found = await agentctl(['freeze', '-m', 'x']);
  t.match([found.exit, line(found.err)], [1, /frozen by somebody: stop!/]);
  t.match(await agentctl(['thaw']), {exit: 1, err: /add --yes/});
});

t.test('a lock is for one operator, and is broken only on purpose', async t => {
  const {agentctl, text, keys} = await emptyFleet(t);
  t.match(await agentctl(['unlock']), {exit: 1, err: /is not locked/});
  t.match(await agentctl(['lock', '-m', 'moving the database']), {exit: 0, out: /nobody but ada/});
  const refused = await agentctl(['lock', '-m', 'mine'], bob);
  t.match(
    [refused.exit, line(refused.err)],
    [1, /locked by ada since 20.*\(moving the database\).*Ask them, or add --break/],
  );
  t.match(await agentctl(['unlock'], bob), {exit: 1, err: /locked by ada/});
  t.match(await agentctl(['lock', '-m', 'mine', '--break'], bob), {exit: 1, err: /add --yes/});
  t.match(JSON.parse((await text(keys.lock)) ?? ''), {by: 'ada'});

  const taken = await agentctl(['lock', '-m', 'mine', '--break', '--yes'], bob);
  t.match([taken.exit, line(taken.out)], [0, /nobody but bob.*\(broke a lock: the fleet is locked by ada/]);
  t.match(JSON.parse((await text(keys.lock)) ?? ''), {
    by: 'bob',
    why: /^mine \(broke a lock: the fleet is locked by ada since .* \(moving the database\)/,
  });
  const broken = await agentctl(['unlock', '--break', '--yes', '--json']);
  t.match(JSON.parse(broken.out), {ok: true, value: /no longer locked; this was broken: .*locked by bob/});
  t.equal(await text(keys.lock), null);
});

t.test("one's own lock is renewed and given back without a question, whichever machine took it", async t => {
  const {agentctl, put, text, keys} = await emptyFleet(t);
  await put(keys.lock, {by: 'ada (1000)', why: 'on a host', at: 1});
  t.match(await agentctl(['lock', '-m', 'again']), {exit: 0});
  t.match(JSON.parse((await text(keys.lock)) ?? ''), {why: 'again'});
  t.match(await agentctl(['unlock']), {exit: 0, out: 'web/production is no longer locked'});
});

t.test('who asks while the lock changes is told to look again', async t => {
  const {agentctl, put, text, keys} = await emptyFleet(t);
  await put(keys.lock, {by: 'bob', why: 'a'});
  const confirm = async () => {
    await put(keys.lock, {by: 'cid', why: 'b'});
    return true;
  };
  t.match(await agentctl(['unlock', '--break'], {confirm}), {exit: 1, err: /was changed meanwhile/});
  await put(keys.lock, {by: 'bob', why: 'a'});
  t.match(await agentctl(['lock', '-m', 'x', '--break'], {confirm}), {exit: 1, err: /was changed meanwhile/});
  t.match(JSON.parse((await text(keys.lock)) ?? ''), {by: 'cid'});
  await put(keys.freeze, {by: 'bob', note: 'a'});
  const changes = async () => {
    await put(keys.freeze, {by: 'cid', note: 'b'});
    return true;
  };
  t.match(await agentctl(['thaw'], {confirm: changes}), {exit: 1, err: /was changed meanwhile/});
});
