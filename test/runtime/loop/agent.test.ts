/** The loop, on a real journal whose disk refuses to write for a while. */

import {mkdir, rmdir} from 'node:fs/promises';
import {join} from 'node:path';
import t, {type Test} from 'tap';
import {enterServing, enterWaiting} from '../../../agent/core/host/attempt/enter.ts';
import type {Effect} from '../../../agent/core/host/effect.ts';
import {freshState} from '../../../agent/core/host/recover.ts';
import type {State} from '../../../agent/core/host/state.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import {openJournal} from '../../../agent/journal/journal.ts';
import {createJournalHealth} from '../../../agent/runtime/health/journal.ts';
import {createAgent} from '../../../agent/runtime/loop/agent.ts';
import {RULES, snap} from '../../core/host/world.ts';
import {eventually} from '../../support/eventually.ts';
import {keptLog} from '../../support/log.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const stamp = {now: 1_000, random: 0.5};
const base: State = {
  ...freshState(stamp),
  generation: 1,
  active: {generation: 1, release: snap(1), slot: '1-snap-11111111'},
  desired: {release: snap(1), version: '1'},
};
const [serving] = enterServing(base, stamp);
const [waiting] = enterWaiting(
  {...base, generation: 2, desired: {release: snap(2), version: '2'}},
  {
    purpose: 'update',
    target: {generation: 2, release: snap(2), slot: '2-snap-22222222'},
    version: '2',
    tries: 0,
    cause: null,
    result: 'done',
  },
  stamp,
);

const desired = (release: number, version: string) =>
  ({type: 'desired.read', reading: {ok: true, desired: {release: snap(release), version}}}) as const;

const running = async (t: Test, first: State) => {
  const stateDir = await temporaryFolder(t);
  const {log, lines} = keptLog();
  const open = () => openJournal({stateDir, runDir: join(stateDir, 'run'), instance: 'i', boot: 'b', log});
  const {journal} = await open();
  const effects: Effect[] = [];
  const over = new AbortController();
  const agent = createAgent({
    rules: RULES,
    before: first,
    first: [first, []],
    journal,
    health: createJournalHealth(log, systemClock),
    act: more => void effects.push(...more),
    publish: () => undefined,
    clock: systemClock,
    log,
  });
  const end = agent.run(over.signal);
  t.teardown(async () => {
    over.abort();
    await end;
  });
  await eventually('the first state', async () => (await open()).state?.phase === first.phase);
  const obstacle = join(stateDir, 'journal.json.new');
  return {
    agent,
    effects,
    told: (text: RegExp) => lines.filter(({message}) => text.test(message)).length,
    journalled: async () => (await open()).state,
    obstruct: () => mkdir(obstacle),
    clear: () => rmdir(obstacle),
  };
};

t.test(
  'what happens while nothing can be journalled happens afterwards, and only the last of it',
  async t => {
    const {agent, effects, told, journalled, obstruct, clear} = await running(t, serving);
    await obstruct();
    for (let n = 2; n <= 2_000; n += 1) agent.dispatch(desired(2 + (n % 2), String(n)));
    await eventually('the problem to be told', () => told(/cannot be written/) === 1);
    await eventually('the loop to be idle', () => agent.busyForMs() === 0);
    t.equal(agent.state().phase, 'serving');
    t.same(effects, [], 'nothing begins');
    await clear();
    await eventually('it to go on', () => agent.state().phase === 'staging');
    t.match(agent.state(), {desired: {release: snap(2), version: '2000'}});
    t.equal(effects.filter(({type}) => type === 'release.stage').length, 1);
    t.match(await journalled(), {phase: 'staging', desired: {version: '2000'}});
    t.equal(told(/cannot be written/), 1);
    t.equal(told(/can be written again/), 1);
  },
);

t.test('a request that cannot be journalled is refused, and takes no effect later', async t => {
  const {agent, journalled, obstruct, clear} = await running(t, serving);
  await obstruct();
  const hold = {type: 'operator.held', by: 'ada', note: 'x'} as const;
  t.match(await agent.request(hold), {kind: 'journal.unwritable'});
  await clear();
  t.equal(await agent.request({type: 'operator.resumed', by: 'ada'}), null);
  t.match(agent.state(), {phase: 'serving', hold: null});
  t.equal(await agent.request(hold), null, 'and is taken once it can be');
  t.match(await journalled(), {phase: 'held', hold: {by: 'ada'}});
});

t.test('a permit that cannot be used is given back at once, and another one is taken', async t => {
  const {agent, effects, obstruct, clear} = await running(t, waiting);
  const grant = (fence: number) =>
    agent.dispatch({type: 'permit.granted', fence, version: '2', generation: agent.state().generation});
  await obstruct();
  grant(7);
  await eventually('it to be given back', () => agent.state().outcome?.fence === 7);
  t.match(agent.state(), {phase: 'waiting', permit: null, outcome: {result: 'unused'}});
  await clear();
  grant(7);
  grant(8);
  await eventually('it to drain', () => agent.state().phase === 'draining');
  t.equal(agent.state().permit, 8, 'never with the one that it gave back');
  t.equal(effects.filter(({type}) => type === 'traffic.leave').length, 1);
});

t.test('a host that is out of traffic does not wait for its journal', async t => {
  const draining: State = {...waiting, phase: 'draining', step: 'measuring', permit: 1, out: true} as State;
  const {agent, obstruct} = await running(t, draining);
  await obstruct();
  const {generation} = agent.state();
  agent.dispatch({type: 'drain.ended', cut: [], generation});
  agent.dispatch({type: 'release.activated', generation});
  agent.dispatch({type: 'gate.passed', generation});
  agent.dispatch({type: 'traffic.rejoined', generation});
  await eventually('it to be back', () => agent.state().phase === 'baking');
  agent.dispatch({type: 'bake.failed', cause: {kind: 'bake.failed', details: {}}, generation});
  await eventually('a release that fails to be taken back', () => agent.state().phase === 'rolling-back');
});
