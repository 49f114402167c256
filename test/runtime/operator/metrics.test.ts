import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import {promisify} from 'node:util';
import t from 'tap';
import type {FleetView} from '../../../agent/core/fleet/plan.ts';
import {freshState} from '../../../agent/core/host/recover.ts';
import type {State} from '../../../agent/core/host/state.ts';
import {reason} from '../../../agent/core/reason.ts';
import {createStoreHealth} from '../../../agent/runtime/health/store.ts';
import {createMetrics} from '../../../agent/runtime/operator/metrics.ts';
import {createSteps} from '../../../agent/runtime/operator/steps.ts';
import {createCounts} from '../../../agent/runtime/telling/counts.ts';
import {host, NEW, OLD, unseen} from '../../core/fleet/fleet.ts';
import {see} from '../../core/fleet/telling/telling.ts';
import {promtoolProgram} from '../../lab/image/prepare.ts';
import {keptLog} from '../../support/log.ts';
import {unmet} from '../../support/needs.ts';
import {someTroubles} from '../../support/problems.ts';

const release = (snapshot: string) => ({kind: 'ebs', snapshot}) as const;
const active = {generation: 4, slot: 'a', release: release(OLD)};
const fresh = freshState({now: 1_700_000_000_000, random: 0});
const serving = {...fresh, phase: 'serving', active, generation: 5} as State;
const waiting = {
  ...serving,
  ...{phase: 'waiting', blocked: reason('permit.frozen', {by: 'ada', note: '"\n', since: ''}), permit: 9},
  ...{previous: active, desired: {release: release(NEW), version: '2'}},
  hold: {by: 'ada', note: 'x', at: 1},
  attempt: {
    ...{purpose: 'update', target: {...active, generation: 5, release: release(NEW)}, version: '2'},
    ...{tries: 0, cause: null, result: 'done'},
  },
} as State;

const metricsOf = (state: State, glance: FleetView | null = null) => {
  const health = createStoreHealth('consul', keptLog().log);
  const steps = createSteps(state);
  const told = createCounts(['team']);
  const self = {
    agent: '0.1.0',
    instance: 'i-1',
    zone: 'z',
    app: 'web',
    channel: 'production',
    role: 'default',
  };
  const text = createMetrics({
    ...{self, state: () => state, unhealthy: () => null, problems: someTroubles(), health, steps, told},
    ...{glance: () => glance, now: () => 1_700_000_060_000},
  });
  return {text, health, steps, told};
};

const fleet = (): FleetView => {
  const permits = [
    {host: 'b', fence: 2, release: NEW, version: '2', since: 1_700_000_030_000},
    {host: 'c', fence: 3, release: NEW, version: '2', since: 1_700_000_010_000},
  ];
  const failures = [{host: 'd', fence: 1, cause: null}];
  const blocked = reason('permit.halted', {failures: 1, budget: 1, release: NEW});
  const hosts = [host('a'), host('b', {phase: 'draining', serving: false}), host('c', {visible: false})];
  return see({permits, failures, blocked}, hosts, {missing: [unseen('d')]});
};

const lineOf = (text: string, line: string): boolean => text.split('\n').includes(line);

t.test('what this host is and does', async t => {
  const {text, health, steps, told} = metricsOf(waiting);
  health.note('desired', reason('store.unreachable', {store: 'consul', cause: 'x'}));
  health.note('desired', reason('store.unreachable', {store: 'consul', cause: 'y'}));
  health.note('desired', null);
  steps.saw({...serving, since: serving.since + 5_000}, waiting);
  steps.saw(waiting, {...serving, permit: null});
  (told.get('team') ?? {sent: 0}).sent += 2;
  const found = text();
  for (const line of [
    'release_agent_build_info{version="0.1.0"} 1',
    'release_agent_host_info{host="i-1",zone="z",app="web",channel="production",role="default"} 1',
    `release_agent_release_info{is="active",release="${OLD}"} 1`,
    `release_agent_release_info{is="previous",release="${OLD}"} 1`,
    `release_agent_release_info{is="target",release="${NEW}"} 1`,
    `release_agent_release_info{is="desired",release="${NEW}"} 1`,
    'release_agent_phase{phase="waiting"} 1',
    'release_agent_phase{phase="serving"} 0',
    'release_agent_phase_start_time_seconds 1700000000',
    'release_agent_generation 5',
    'release_agent_held 1',
    'release_agent_problem{reason="permit.frozen"} 1',
    'release_agent_attempts_total{purpose="update"} 1',
    'release_agent_attempts_total{purpose="rollback"} 0',
    'release_agent_phase_last_duration_seconds{phase="waiting"} 5',
    'release_agent_permit_held_seconds 60',
    'release_agent_store_up 1',
    'release_agent_store_errors_total{reason="store.unreachable"} 2',
    'release_agent_coordinator 0',
    'release_agent_webhook_events_total{webhook="team",result="sent"} 2',
    'release_agent_webhook_events_total{webhook="team",result="failed"} 0',
  ])
    t.ok(lineOf(found, line), line);
  t.notMatch(found, /release_agent_fleet_/);
  const quiet = metricsOf(serving).text();
  for (const line of [
    'release_agent_in_service 1',
    'release_agent_held 0',
    'release_agent_permit_held_seconds 0',
  ])
    t.ok(lineOf(quiet, line), line);
  t.notMatch(quiet, /release_agent_problem|is="(previous|target|desired)"/);
});

t.test('what only a coordinator knows', async t => {
  const found = metricsOf(serving, fleet()).text();
  for (const line of [
    'release_agent_coordinator 1',
    'release_agent_fleet_hosts{phase="serving"} 2',
    'release_agent_fleet_hosts{phase="draining"} 1',
    'release_agent_fleet_hosts{phase="held"} 0',
    'release_agent_fleet_serving_hosts 1',
    'release_agent_fleet_missing_hosts 1',
    'release_agent_fleet_permits 2',
    'release_agent_fleet_oldest_permit_time_seconds 1700000010',
    'release_agent_fleet_failed_hosts 1',
    'release_agent_fleet_rollout 1',
    'release_agent_fleet_standing{standing="halted"} 1',
    'release_agent_fleet_blocked{reason="permit.halted"} 1',
  ])
    t.ok(lineOf(found, line), line);
  const idle = metricsOf(serving, see({rollout: null}, [], {desired: null})).text();
  for (const line of [
    'release_agent_fleet_rollout 0',
    'release_agent_fleet_oldest_permit_time_seconds 0',
    'release_agent_fleet_standing{standing="idle"} 1',
  ])
    t.ok(lineOf(idle, line), line);
  t.notMatch(idle, /fleet_blocked/);
});

t.test(
  "Prometheus' own checker has nothing to say against them",
  {skip: unmet('root', 'debian')},
  async t => {
    const promtool = await promtoolProgram();
    const check = (text: string): Promise<{stdout: string; stderr: string}> => {
      const asked = promisify(execFile)(promtool, ['check', 'metrics'], {timeout: 20_000});
      asked.child.stdin?.end(text);
      return asked;
    };
    const {health, text} = metricsOf(waiting, fleet());
    health.note('desired', reason('store.refused', {store: 'consul', cause: 'x'}));
    t.same(await check(text()), {stdout: '', stderr: ''});
    await t.rejects(check('release_agent_x{reason="a" 1\n'), 'it looks');
    await t.rejects(check('# HELP x_total X.\n# TYPE x_total gauge\nx_total 1\n'), 'at conventions, too');
  },
);

t.test('each of them is in the page that tells of them, and no others are', async t => {
  const page = await readFile(new URL('../../../docs/events-and-metrics.md', import.meta.url), 'utf8');
  const {health, steps, text} = metricsOf(waiting, fleet());
  health.note('desired', reason('store.refused', {store: 'consul', cause: 'x'}));
  steps.saw(serving, waiting);
  steps.saw(waiting, serving);
  const names = [...text().matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  const told = [...page.matchAll(/^\| `((?:release_agent|process)_\w+)/gm)].map(([, name]) => name);
  t.same(told.toSorted(), names.toSorted());
});
