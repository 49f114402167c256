/** What the agent answers to operators' requests. */

import {join} from 'node:path';
import t, {type Test} from 'tap';
import {readDesired} from '../../../agent/core/desired.ts';
import {EMPTY_LEDGER} from '../../../agent/core/fleet/ledger.ts';
import {newAttempt} from '../../../agent/core/host/attempt/attempt.ts';
import {enterServing} from '../../../agent/core/host/attempt/enter.ts';
import type {EventInput} from '../../../agent/core/host/event-input.ts';
import {freshState} from '../../../agent/core/host/recover.ts';
import type {Attempt, State} from '../../../agent/core/host/state.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import {reason, reasonText} from '../../../agent/core/reason.ts';
import {ReasonError} from '../../../agent/core/reason-error.ts';
import {parseRelease, type Release, releaseId} from '../../../agent/core/release.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import {openHistory} from '../../../agent/journal/history.ts';
import type {Log} from '../../../agent/ports.ts';
import {createJournalHealth, type JournalHealth} from '../../../agent/runtime/health/journal.ts';
import {createStoreHealth} from '../../../agent/runtime/health/store.ts';
import type {DeployParts} from '../../../agent/runtime/operator/deploy.ts';
import {createControls} from '../../../agent/runtime/operator/operator.ts';
import {openDirectoryStore} from '../../../agent/store/directory.ts';
import {someTroubles} from '../../support/problems.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const quiet: Log = {debug: () => {}, info: () => {}, warning: () => {}, error: () => {}};
const never = new AbortController().signal;
const stamp = {now: 1_000, random: 0.5};
const UPDATE = {purpose: 'update', version: '2', result: 'done'} as const;
const ONE = parseRelease('snap-11111111') as Release;
const TWO = parseRelease('snap-22222222') as Release;

const servingOne = (desired: Release): State => {
  const active = {generation: 1, release: ONE, slot: '1-snap-11111111'};
  return enterServing({...freshState(stamp), active, desired: {release: desired, version: '1'}}, stamp)[0];
};

const controlsOf = async (
  t: Test,
  state: State,
  {vet = async () => undefined, journal}: {vet?: DeployParts['vet']; journal?: JournalHealth} = {},
) => {
  const dir = await temporaryFolder(t);
  const store = await openDirectoryStore({path: join(dir, 'store')});
  t.teardown(() => store.close());
  const heard: EventInput[] = [];
  const keys = keysOf('web', 'production');
  const self = {agent: '0', instance: 'i-1', zone: 'z', app: 'web', channel: 'production', role: 'default'};
  const controls = createControls({
    self,
    state: () => state,
    request: async each => {
      heard.push(each);
      return null;
    },
    store,
    keys,
    health: createStoreHealth(store.name, quiet),
    unhealthy: () => null,
    problems: someTroubles(journal && {journal}),
    vet,
    openStoreAs: () => null,
    history: openHistory(dir),
    coordinated: true,
    leave: async () => true,
    metrics: () => '',
  });
  const desired = async () => {
    const entry = await store.get(keys.desired, never);
    return entry && {...entry, reading: readDesired(entry.value, entry.version)};
  };
  return {controls, heard, desired, store};
};

t.test('what runs already is not what comes next', async t => {
  const target = {generation: 2, release: TWO, slot: '2-snap-22222222'};
  const attempt: Attempt = {...newAttempt(servingOne(TWO), {...UPDATE, release: TWO}), target};
  const before = {...servingOne(TWO), generation: 2, attempt};
  const {controls: gating} = await controlsOf(t, {...before, phase: 'gating'});
  t.match(await gating.status(never), {
    active: {generation: 1},
    target: {release: releaseId(TWO), generation: 2},
  });
  const {controls: baking} = await controlsOf(t, {...before, phase: 'baking', active: target});
  t.match(await baking.status(never), {active: {generation: 2}, target: null});
});

t.test('retry tries again what failed', async t => {
  const {controls, heard} = await controlsOf(t, servingOne(TWO));
  t.match(await controls.retry({by: 'ada'}), {ok: true, text: /tries snap-22222222 again/});
  t.match(heard, [{type: 'operator.retried', by: 'ada'}]);
});

t.test('retry says when there is nothing to try again, and that a hold comes first', async t => {
  const settled = await controlsOf(t, servingOne(ONE));
  t.match(await settled.controls.retry({by: 'ada'}), {ok: true, text: /nothing to try again.*snap-11111111/});
  const held = {by: 'bob', note: 'x', at: 0};
  const stopped = await controlsOf(t, {...servingOne(TWO), hold: held});
  const answer = await stopped.controls.retry({by: 'ada'});
  t.notOk(answer.ok);
  if (!answer.ok) t.match(reasonText(answer.reason), /held by bob.*agentctl resume/);
  t.same([...settled.heard, ...stopped.heard], []);
});

t.test('retry leaves alone what is under way without a hitch, and ends a pause', async t => {
  const attempt = {
    purpose: 'update',
    target: {generation: 2, release: TWO, slot: '2-snap-22222222'},
    version: '1',
    tries: 0,
    cause: null,
    result: 'done',
  } as const;
  const staging: State = {...servingOne(TWO), phase: 'staging', blocked: null, attempt};
  const going = await controlsOf(t, staging);
  t.match(await going.controls.retry({by: 'ada'}), {ok: true, text: /nothing to try again.*staging/});
  const blocked = reason('snapshot.missing', {snapshot: 'snap-22222222', region: 'r'});
  const paused = await controlsOf(t, {...staging, blocked});
  t.match(await paused.controls.retry({by: 'ada'}), {ok: true, text: /tries snap-22222222 again/});
  t.equal(paused.heard.length, 1);
  const waiting = await controlsOf(t, {...staging, phase: 'waiting', blocked});
  t.match(await waiting.controls.retry({by: 'ada'}), {ok: true, text: /nothing to try again.*waiting/});
});

t.test('the same release deployed again is a new desired version', async t => {
  const {controls, desired} = await controlsOf(t, servingOne(ONE));
  await controls.deploy({release: 'snap-22222222', by: 'ada'}, never);
  const first = await desired();
  await controls.deploy({release: 'snap-22222222', by: 'ada'}, never);
  const second = await desired();
  t.match(first?.reading, {ok: true, desired: {release: TWO, by: 'ada'}});
  t.match(second?.reading, {ok: true, desired: {release: TWO}});
  t.not(first?.version, second?.version);
  t.not(first?.value, second?.value, 'Consul keeps the version of a value that does not change');
});

t.test('a deploy replaces what was shown, and nothing else', async t => {
  const {controls, desired, store} = await controlsOf(t, servingOne(ONE));
  t.same(await controls.desired(never), {version: null, release: null});
  t.match(await controls.deploy({release: 'snap-22222222', by: 'ada', seen: null}, never), {ok: true});
  const shown = await controls.desired(never);
  t.equal(shown.release, 'snap-22222222');
  t.match(await controls.deploy({release: 'snap-11111111', by: 'bob', seen: shown.version}, never), {
    ok: true,
  });
  const late = await controls.deploy({release: 'snap-22222222', by: 'ada', seen: shown.version}, never);
  t.match(late, {ok: false, reason: {kind: 'operator.cannot-deploy'}});
  if (!late.ok) t.match(reasonText(late.reason), /asks for snap-11111111 meanwhile, by bob: look/);
  t.match((await desired())?.reading, {ok: true, desired: {release: ONE, by: 'bob'}}, 'nothing is written');

  await store.put('web/production/desired', 'nonsense', 'any', never);
  const {version, release} = await controls.desired(never);
  t.equal(release, null);
  t.match(await controls.deploy({release: 'snap-22222222', by: 'ada', seen: version}, never), {ok: true});
  const token = await controls.deploy({release: 'snap-11111111', by: 'ada', token: 'secret'}, never);
  t.notOk(token.ok);
  if (!token.ok) t.match(reasonText(token.reason), /knows no tokens: show none/);
});

t.test('a deploy writes what part of the fleet it is for, and shows it to the next', async t => {
  const {controls, desired} = await controlsOf(t, servingOne(ONE));
  const part = {share: '25%', force: ['i-1'], message: 'the cart'};
  t.match(await controls.deploy({release: 'snap-22222222', by: 'ada (1)', ...part}, never), {ok: true});
  t.match((await desired())?.reading, {ok: true, desired: {share: {percent: 25}, force: ['i-1']}});
  const {version: _, ...shown} = await controls.desired(never);
  t.same(shown, {release: 'snap-22222222', by: 'ada (1)', message: 'the cart', share: '25%'});
});

t.test('what the fleet would not follow is not written', async t => {
  const {controls, desired, store} = await controlsOf(t, servingOne(ONE));
  const asked = {release: 'snap-22222222', by: 'ada (1000)'};
  const refused = async (kind: string) =>
    t.match(await controls.deploy(asked, never), {ok: false, reason: {kind}});
  const put = (key: string, value: object) =>
    store.put(`web/production/${key}`, JSON.stringify(value), 'any', never);
  await put('lock', {by: 'bob', why: 'the move'});
  await refused('permit.locked');
  await put('lock', {by: 'ada', why: 'from another machine'});
  await put('ledger', {...EMPTY_LEDGER, denied: ['snap-22222222']});
  await refused('permit.denied');
  await put('ledger', EMPTY_LEDGER);
  await put('policy', {requireMessage: true});
  await refused('permit.message');
  await put('policy', {requireMessage: 1});
  await refused('store.document');
  t.equal(await desired(), null);
  await put('policy', {});
  t.match(await controls.deploy(asked, never), {ok: true});
});

t.test('a rollback of a held host names the hold', async t => {
  const hold = {by: 'bob', note: 'x', at: 0};
  const state: State = {
    ...servingOne(TWO),
    hold,
    phase: 'held',
    cause: reason('operator.hold', {by: 'bob', note: 'x'}),
  };
  const answer = await (await controlsOf(t, state)).controls.rollback({by: 'ada'});
  t.notOk(answer.ok);
  if (!answer.ok) t.match(reasonText(answer.reason), /held by bob.*agentctl resume/);
});

t.test('a store that cannot be read is said in the report at once', async t => {
  const {controls, store} = await controlsOf(t, servingOne(ONE));
  t.match(await controls.status(never), {store: {ok: true, text: null}});
  await store.put('web/production/ledger', 'nonsense', 'any', never);
  t.match(await controls.status(never), {fleet: null, store: {ok: false, text: /the document ledger/}});
});

t.test('a release that no host like this one can install is not written', async t => {
  for (const why of [
    reason('release.kind-not-configured', {kind: 'ebs', section: 'install.ebs'}),
    reason('snapshot.missing', {snapshot: 'snap-22222222', region: 'r'}),
  ]) {
    const vet = async () => {
      throw new ReasonError(why);
    };
    const {controls, desired} = await controlsOf(t, servingOne(ONE), {vet});
    t.match(await controls.deploy({release: 'snap-22222222', by: 'ada'}, never), {ok: false, reason: why});
    t.equal(await desired(), null);
  }
});

t.test('one that could not be looked at is, and that is said', async t => {
  const vet = async () => {
    throw new ReasonError(reason('ec2.throttled', {action: 'DescribeSnapshots', seconds: 5}));
  };
  const {controls, desired} = await controlsOf(t, servingOne(ONE), {vet});
  const answer = await controls.deploy({release: 'snap-22222222', by: 'ada'}, never);
  t.match(answer, {ok: true, text: /asks for snap-22222222 now, but mind: EC2 limits the rate/});
  t.match((await desired())?.reading, {ok: true, desired: {release: TWO}});
});

t.test('a request that would not be journalled is refused, whatever the host does', async t => {
  const journal = createJournalHealth(quiet, systemClock);
  journal.note(Object.assign(new Error('ENOSPC: no space left on device, write'), {errno: -28}));
  const {controls, heard} = await controlsOf(t, servingOne(ONE), {journal});
  for (const answer of [await controls.retry({by: 'ada'}), await controls.rollback({by: 'ada'})])
    t.match(answer, {ok: false, reason: {kind: 'journal.unwritable'}});
  t.match(await controls.status(never), {reason: {kind: 'journal.unwritable'}, serving: true});
  t.same(heard, []);
});
