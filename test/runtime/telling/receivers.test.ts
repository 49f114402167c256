/** Receivers that are down, refuse, hang or want little; and who waits for them. */
import t from 'tap';
import {policy, rollout} from '../../core/fleet/fleet.ts';
import {eventually} from '../../support/eventually.ts';
import {startHook} from '../../support/hook.ts';
import {began, begin, eventsOf, halted, hookOf, isDone, keys, never, openFolder, told} from './begin.ts';

t.test(
  'a webhook that is down is tried again, and keeps neither the fleet nor other webhooks waiting',
  async t => {
    const store = await openFolder(t);
    const good = await startHook(t);
    const bad = await startHook(t, response => void response.writeHead(503).end());
    const webhooks = [hookOf(bad.url, {name: 'bad'}), hookOf(good.url, {name: 'good'})];
    const {note, end, counts, lines} = begin(store, webhooks);
    await note(began);
    await eventually('it to be given up', () => counts.get('bad')?.failed === 1);
    await eventually('it to be noted', isDone(store));
    t.equal(bad.posted.length, 8);
    t.equal(good.posted.length, 1);
    t.same(
      [...counts],
      [
        ['bad', {sent: 0, failed: 1, dropped: 0}],
        ['good', {sent: 1, failed: 0, dropped: 0}],
      ],
    );
    t.match(lines, [
      {
        level: 'error',
        message: 'the webhook bad was not told: rollout 1 to snap-22222222 started: HTTP 503, after 8 tries',
        fields: {event: '1-1/rollout-started'},
      },
    ]);
    bad.answer((response, count) => void response.writeHead(count < 11 ? 500 : 200).end());
    await note(halted);
    await eventually('the others to be told', isDone(store));
    t.same(counts.get('bad'), {sent: 2, failed: 1, dropped: 0});
    await end();
  },
);

t.test(
  'what a webhook refuses for good is given up at once, and so is one that wants to be left alone for long',
  async t => {
    const store = await openFolder(t);
    const refusing = await startHook(t, response => void response.writeHead(410).end('no_service'));
    const busy = await startHook(t, response => void response.writeHead(429, {'retry-after': '301'}).end());
    const {note, end, lines} = begin(store, [
      hookOf(refusing.url, {name: 'a'}),
      hookOf(busy.url, {name: 'b'}),
    ]);
    await note(began);
    await eventually('it to be given up', isDone(store));
    t.equal(refusing.posted.length + busy.posted.length, 2);
    t.match(lines.map(({message}) => message).toSorted(), [
      /webhook a was not told: .*: HTTP 410: no_service$/,
      /webhook b was not told: .*: HTTP 429, and it wants nothing for 301 s$/,
    ]);
    await end();
  },
);

t.test('a webhook hears what it wants to hear', async t => {
  const store = await openFolder(t);
  const {url, posted} = await startHook(t);
  const {note, end} = begin(store, [hookOf(url, {events: ['rollout-halted']})]);
  await note(began);
  t.same((await told(store)).pending, []);
  await note(halted);
  await eventually('it to be told', () => posted.length === 1);
  t.same(eventsOf(posted), ['rollout-halted']);
  await end();
});

t.test('the end waits a little for a call, and leaves what is not begun to the next', async t => {
  const store = await openFolder(t);
  let answer = (): void => undefined;
  const {url, posted} = await startHook(t, response => {
    answer = () => void response.writeHead(200).end();
  });
  const {note, end} = begin(store, [hookOf(url)]);
  await note(began);
  await note(halted);
  await eventually('the first call', () => posted.length === 1);
  const ending = end();
  answer();
  await ending;
  t.match((await told(store)).pending, [
    {by: null, event: {kind: 'host-rolled-back'}},
    {by: null, event: {kind: 'rollout-halted'}},
  ]);
  const next = begin(store, [hookOf(url)], 'i-2');
  await next.note(halted);
  await eventually('the next call', () => posted.length === 2);
  const start = performance.now();
  await next.end();
  t.ok(performance.now() - start < 9_000, 'a receiver that never answers holds nobody up');
  t.same(eventsOf(posted), ['rollout-started', 'host-rolled-back']);
  t.match((await told(store)).pending, [{by: null}, {by: null}]);
});

t.test('planning waits for no webhook', async t => {
  const store = await openFolder(t);
  const {url, posted} = await startHook(t, () => undefined);
  const {note, end} = begin(store, [hookOf(url)]);
  const start = performance.now();
  for (let n = 1; n <= 40; n += 1)
    await note({...began, ledger: {...began.ledger, rollout: rollout({number: n})}, policy: policy({})});
  t.ok(performance.now() - start < 8_000, 'though every call hangs');
  t.ok(posted.length <= 1);
  t.equal((await told(store)).pending.length, 30, 'and a bounded number waits');
  await end();
});

t.test('a memory that cannot be read is begun anew, and said', async t => {
  const store = await openFolder(t);
  await store.put(keys.told, '{"format": 9}', 'any', never);
  const {url, posted} = await startHook(t);
  const {note, end, lines} = begin(store, [hookOf(url)]);
  await note(began);
  await eventually('it to be told', () => posted.length === 1);
  t.match(lines, [
    {level: 'warning', message: /cannot be read, and is begun anew \(web\/production\/told\)/},
  ]);
  await end();
});
