/** Every effect × every way it can go wrong: the phases that follow, what runs in the end, and what the permit came to. */
import t from 'tap';
import {releaseId} from '../../../agent/core/release.ts';
import {checkQuiet} from './invariants.ts';
import {
  ask,
  createWorld,
  type Fault,
  type Operation,
  servedBy,
  settleWorld,
  snap,
  type World,
} from './world.ts';

const STAGE = 'staging waiting';
const SWITCH = 'activating gating';
const JOIN = 'rejoining baking serving';
const UPDATE = `${STAGE} draining ${SWITCH} ${JOIN}`;
const BACK = `rolling-back ${SWITCH} rejoining`;
const BOOT = `staging ${SWITCH} rejoining`;
const REBOOT = `booting ${BOOT}`;

type Row = readonly [
  effect: Operation,
  fault: Fault,
  chain: string,
  serves: 1 | 2,
  outcome: string | undefined,
];

// biome-ignore format: a table
const ON_UPDATE: readonly Row[] = [
  ['slots.prune', 'error', UPDATE, 2, 'done'],
  ['slots.prune', 'timeout', UPDATE, 2, 'done'],
  ['slots.prune', 'crash-before', `staging ${UPDATE}`, 2, 'done'],
  ['slots.prune', 'crash-after', `staging ${UPDATE}`, 2, 'done'],
  ['slots.prune', 'reboot', `staging ${REBOOT} ${UPDATE}`, 2, 'done'],
  ['release.stage', 'error', UPDATE, 2, 'done'],
  ['release.stage', 'timeout', UPDATE, 2, 'done'],
  ['release.stage', 'crash-before', `staging ${UPDATE}`, 2, 'done'],
  ['release.stage', 'crash-after', `staging ${UPDATE}`, 2, 'done'],
  ['release.stage', 'reboot', `staging ${REBOOT} ${UPDATE}`, 2, 'done'],
  ['permit.ask', 'error', STAGE, 1, undefined],
  ['permit.ask', 'timeout', STAGE, 1, undefined],
  ['permit.ask', 'crash-before', `${STAGE} ${UPDATE}`, 2, 'done'],
  ['permit.ask', 'crash-after', `${STAGE} ${UPDATE}`, 2, 'done'],
  ['permit.ask', 'reboot', `${STAGE} ${REBOOT} ${UPDATE}`, 2, 'done'],
  ['traffic.leave', 'error', UPDATE, 2, 'done'],
  ['traffic.leave', 'timeout', `${STAGE} draining rejoining serving`, 1, 'unused'],
  ['traffic.leave', 'crash-before', `${STAGE} draining draining ${SWITCH} ${JOIN}`, 2, 'done'],
  ['traffic.leave', 'crash-after', `${STAGE} draining draining ${SWITCH} ${JOIN}`, 2, 'done'],
  ['traffic.leave', 'reboot', `${STAGE} draining ${REBOOT} ${UPDATE}`, 2, 'done'],
  ['traffic.drain', 'error', UPDATE, 2, 'done'],
  ['traffic.drain', 'timeout', UPDATE, 2, 'done'],
  ['traffic.drain', 'crash-before', `${STAGE} draining draining ${SWITCH} ${JOIN}`, 2, 'done'],
  ['traffic.drain', 'crash-after', `${STAGE} draining draining ${SWITCH} ${JOIN}`, 2, 'done'],
  ['traffic.drain', 'reboot', `${STAGE} draining ${REBOOT} ${UPDATE}`, 2, 'done'],
  ['release.activate', 'error', `${STAGE} draining activating ${BACK} serving`, 1, 'rolled-back'],
  ['release.activate', 'full', `${STAGE} draining activating ${BACK} ${UPDATE}`, 2, 'done'],
  ['release.activate', 'timeout', `${STAGE} draining activating ${BACK} serving`, 1, 'rolled-back'],
  ['release.activate', 'crash-before', `${STAGE} draining activating ${BACK} ${UPDATE}`, 2, 'done'],
  ['release.activate', 'crash-after', `${STAGE} draining activating ${BACK} ${UPDATE}`, 2, 'done'],
  ['release.activate', 'reboot', `${STAGE} draining activating ${BACK} ${UPDATE}`, 2, 'done'],
  ['gate.probe', 'error', `${STAGE} draining ${SWITCH} ${BACK} serving`, 1, 'rolled-back'],
  ['gate.probe', 'timeout', `${STAGE} draining ${SWITCH} ${BACK} serving`, 1, 'rolled-back'],
  ['gate.probe', 'crash-before', `${STAGE} draining ${SWITCH} gating ${JOIN}`, 2, 'done'],
  ['gate.probe', 'crash-after', `${STAGE} draining ${SWITCH} gating ${JOIN}`, 2, 'done'],
  ['gate.probe', 'reboot', `${STAGE} draining ${SWITCH} ${BACK} ${UPDATE}`, 2, 'done'],
  ['traffic.rejoin', 'error', UPDATE, 2, 'done'],
  ['traffic.rejoin', 'timeout', UPDATE, 2, 'done'],
  ['traffic.rejoin', 'crash-before', `${STAGE} draining ${SWITCH} rejoining ${JOIN}`, 2, 'done'],
  ['traffic.rejoin', 'crash-after', `${STAGE} draining ${SWITCH} rejoining ${JOIN}`, 2, 'done'],
  ['traffic.rejoin', 'reboot', `${STAGE} draining ${SWITCH} rejoining rolling-back draining ${SWITCH} rejoining ${UPDATE}`, 2, 'done'],
  ['bake.watch', 'error', `${STAGE} draining ${SWITCH} rejoining baking rolling-back draining ${SWITCH} rejoining serving`, 1, 'rolled-back'],
  ['bake.watch', 'timeout', `${STAGE} draining ${SWITCH} rejoining baking rolling-back draining ${SWITCH} rejoining serving`, 1, 'rolled-back'],
  ['bake.watch', 'crash-before', `${STAGE} draining ${SWITCH} rejoining baking baking serving`, 2, 'done'],
  ['bake.watch', 'crash-after', `${STAGE} draining ${SWITCH} rejoining baking baking serving`, 2, 'done'],
  ['bake.watch', 'reboot', `${STAGE} draining ${SWITCH} rejoining baking rolling-back draining ${SWITCH} rejoining ${UPDATE}`, 2, 'done'],
];

const servingOne = (): World => {
  const world = createWorld({asked: {release: snap(1), version: '1'}});
  settleWorld(world);
  world.visited = [];
  return world;
};

const check = (t: typeof import('tap').t, world: World, chain: string, serves: 1 | 2): void => {
  settleWorld(world);
  checkQuiet(world);
  t.equal(world.visited.join(' '), chain);
  t.equal(servedBy(world), releaseId(snap(serves)));
};

for (const [effect, fault, chain, serves, outcome] of ON_UPDATE) {
  t.test(`an update, ${effect}: ${fault}`, async t => {
    const world = servingOne();
    world.faults.set(effect, [fault]);
    ask(world, snap(2), '2');
    check(t as never, world, chain, serves);
    t.equal(world.state.outcome?.result, outcome);
  });
}

const FAIL = `${STAGE} draining ${SWITCH}`;
const BACK_AGAIN = `rolling-back ${BACK} serving`;

// The release is broken, so the host goes back; `fault` hits the way back.
// biome-ignore format: a table
const ON_ROLLBACK: readonly Row[] = [
  ['release.stage', 'error', `${FAIL} ${BACK_AGAIN}`, 1, 'rolled-back'],
  ['release.stage', 'timeout', `${FAIL} ${BACK_AGAIN}`, 1, 'rolled-back'],
  ['release.stage', 'crash-before', `${FAIL} ${BACK_AGAIN}`, 1, 'rolled-back'],
  ['release.stage', 'crash-after', `${FAIL} ${BACK_AGAIN}`, 1, 'rolled-back'],
  ['release.stage', 'reboot', `${FAIL} ${BACK_AGAIN}`, 1, 'rolled-back'],
  ['release.activate', 'error', `${FAIL} rolling-back activating ${BACK} serving`, 1, 'rolled-back'],
  ['release.activate', 'timeout', `${FAIL} rolling-back activating ${BACK} serving`, 1, 'rolled-back'],
  ['release.activate', 'crash-before', `${FAIL} rolling-back activating ${BACK} serving`, 1, 'rolled-back'],
  ['release.activate', 'crash-after', `${FAIL} rolling-back activating ${BACK} serving`, 1, 'rolled-back'],
  ['release.activate', 'reboot', `${FAIL} rolling-back activating ${BACK} serving`, 1, 'rolled-back'],
  ['gate.probe', 'error', `${FAIL} rolling-back ${SWITCH} ${BACK} serving`, 1, 'rolled-back'],
  ['gate.probe', 'timeout', `${FAIL} rolling-back ${SWITCH} ${BACK} serving`, 1, 'rolled-back'],
  ['gate.probe', 'crash-before', `${FAIL} rolling-back ${SWITCH} gating rejoining serving`, 1, 'rolled-back'],
  ['gate.probe', 'crash-after', `${FAIL} rolling-back ${SWITCH} gating rejoining serving`, 1, 'rolled-back'],
  ['gate.probe', 'reboot', `${FAIL} rolling-back ${SWITCH} ${BACK} serving`, 1, 'rolled-back'],
  ['traffic.rejoin', 'error', `${FAIL} ${BACK} serving`, 1, 'rolled-back'],
  ['traffic.rejoin', 'timeout', `${FAIL} ${BACK} serving`, 1, 'rolled-back'],
  ['traffic.rejoin', 'crash-before', `${FAIL} ${BACK} rejoining serving`, 1, 'rolled-back'],
  ['traffic.rejoin', 'crash-after', `${FAIL} ${BACK} rejoining serving`, 1, 'rolled-back'],
  ['traffic.rejoin', 'reboot', `${FAIL} ${BACK} rolling-back draining ${SWITCH} rejoining serving`, 1, 'rolled-back'],
];

for (const [effect, fault, chain, serves, outcome] of ON_ROLLBACK) {
  t.test(`a rollback, ${effect}: ${fault}`, async t => {
    const world = servingOne();
    world.broken.add(releaseId(snap(2)));
    ask(world, snap(2), '2');
    settleWorld(world, {timers: 0, until: 'rolling-back'});
    world.faults.set(effect, [fault]);
    check(t as never, world, chain, serves);
    t.equal(world.state.outcome?.result, outcome);
  });
}

// biome-ignore format: a table
const ON_BOOT: readonly (readonly [Operation, Fault, string])[] = [
  ['boot.view', 'error', `${REBOOT} serving`],
  ['boot.view', 'timeout', `${REBOOT} serving`],
  ['boot.view', 'crash-before', `booting ${REBOOT} serving`],
  ['boot.view', 'crash-after', `booting ${REBOOT} serving`],
  ['boot.view', 'reboot', `booting ${REBOOT} serving`],
  ['release.stage', 'error', `${REBOOT} serving`],
  ['release.stage', 'timeout', `${REBOOT} serving`],
  ['release.stage', 'crash-before', `booting staging ${REBOOT} serving`],
  ['release.stage', 'crash-after', `booting staging ${REBOOT} serving`],
  ['release.stage', 'reboot', `booting staging ${REBOOT} serving`],
  ['traffic.hide', 'error', `${REBOOT} serving`],
  ['traffic.hide', 'timeout', `${REBOOT} serving`],
  ['traffic.hide', 'crash-before', `booting staging activating ${REBOOT} serving`],
  ['traffic.hide', 'crash-after', `booting staging activating ${REBOOT} serving`],
  ['traffic.hide', 'reboot', `booting staging activating ${REBOOT} serving`],
  ['release.activate', 'error', `booting staging activating held ${REBOOT} serving`],
  ['release.activate', 'timeout', `booting staging activating held ${REBOOT} serving`],
  ['release.activate', 'crash-before', `booting staging activating ${REBOOT} serving`],
  ['release.activate', 'crash-after', `booting staging activating ${REBOOT} serving`],
  ['release.activate', 'reboot', `booting staging activating ${REBOOT} serving`],
  ['gate.probe', 'error', `booting staging ${SWITCH} held ${REBOOT} serving`],
  ['gate.probe', 'timeout', `booting staging ${SWITCH} held ${REBOOT} serving`],
  ['gate.probe', 'crash-before', `booting staging ${SWITCH} gating rejoining serving`],
  ['gate.probe', 'crash-after', `booting staging ${SWITCH} gating rejoining serving`],
  ['gate.probe', 'reboot', `booting staging ${SWITCH} ${REBOOT} serving`],
  ['traffic.rejoin', 'error', `${REBOOT} serving`],
  ['traffic.rejoin', 'timeout', `${REBOOT} serving`],
  ['traffic.rejoin', 'crash-before', `${REBOOT} rejoining serving`],
  ['traffic.rejoin', 'crash-after', `${REBOOT} rejoining serving`],
  ['traffic.rejoin', 'reboot', `${REBOOT} ${REBOOT} serving`],
];

for (const [effect, fault, chain] of ON_BOOT) {
  t.test(`a first boot, ${effect}: ${fault}`, async t => {
    const world = createWorld({asked: {release: snap(1), version: '1'}});
    world.faults.set(effect, [fault]);
    settleWorld(world, {heldToo: true});
    check(t as never, world, chain, 1);
  });
}
