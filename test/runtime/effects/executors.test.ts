import {setTimeout as sleep} from 'node:timers/promises';
import t from 'tap';
import {reason} from '../../../agent/core/reason.ts';
import {ReasonError} from '../../../agent/core/reason-error.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import {
  createExecutor,
  installerOf,
  type Operation,
  type Stages,
} from '../../../agent/runtime/effects/executors.ts';
import {createShutdownGuard} from '../../../agent/runtime/effects/shutdown-guard.ts';
import {eventually} from '../../support/eventually.ts';
import {keptLog} from '../../support/log.ts';

const cause = reason('unit.failed', {unit: 'web.service', cause: 'its transaction is destructive'});
const never = new AbortController().signal;
const target = {
  release: {kind: 'ebs', snapshot: 'snap-0123456789abcdef0'},
  slot: '1',
  generation: 1,
} as const;

/** What can only fail here, and would be told as the release's fault. */
const JUDGING: readonly Operation[] = [
  {type: 'release.stage', generation: 1, target},
  {type: 'release.activate', generation: 1, target, previous: null},
  {type: 'gate.probe', generation: 1, timeoutMs: 1},
  {type: 'bake.watch', generation: 1, forMs: 1},
];

const fail = async (): Promise<never> => {
  throw new ReasonError(cause);
};

const setUp = (systemState: (signal: AbortSignal) => Promise<string>) => {
  const {log, lines} = keptLog();
  const shutdown = createShutdownGuard({systemState, log, everyMs: 5});
  const stages = {
    installers: {ebs: {stage: fail}},
    activator: {activate: fail},
    gate: {pass: fail, bake: fail},
    traffic: {leave: fail},
    directoryOf: (slot: string) => `/slots/${slot}`,
    shutdownGuard: shutdown,
    clock: systemClock,
    log,
  } as unknown as Stages;
  return {execute: createExecutor(stages), lines};
};

t.test('what fails while the host shuts down is not told, and ends with the agent', async t => {
  for (const operation of JUDGING) {
    const stop = new AbortController();
    let asked = 0;
    const {execute, lines} = setUp(async () => {
      asked += 1;
      return 'stopping';
    });
    const result = execute(operation, stop.signal);
    await eventually('a second look', () => asked > 1);
    t.equal(await Promise.race([result, sleep(0, 'nothing yet')]), 'nothing yet', operation.type);
    stop.abort();
    await t.rejects(result, {name: 'AbortError'});
    t.match(
      lines.map(({message}) => message),
      [/the host is shutting down, which counts against no release: .*destructive/],
    );
  }
});

t.test('a shutdown that is called off lets the failure be told', async t => {
  const states = ['stopping', 'stopping', 'running'];
  const {execute} = setUp(async () => states.shift() ?? 'running');
  t.match(await execute({type: 'gate.probe', generation: 7, timeoutMs: 1}, never), {
    type: 'gate.failed',
    cause,
    generation: 7,
  });
  t.same(states, []);
});

t.test('on a host that does not shut down, or has no systemd, failures are told at once', async t => {
  const told = ['release.stage-failed', 'release.activate-failed', 'gate.failed', 'bake.failed'];
  for (const systemState of [async () => 'degraded', fail]) {
    const {execute, lines} = setUp(systemState);
    for (const [index, operation] of JUDGING.entries())
      t.match(await execute(operation, never), {type: told[index], cause});
    t.same(lines, []);
  }
});

t.test('nobody is asked about what is only tried again', async t => {
  let asked = 0;
  const {execute} = setUp(async () => {
    asked += 1;
    return 'stopping';
  });
  t.match(await execute({type: 'traffic.leave', generation: 1}, never), {type: 'traffic.leave-failed'});
  t.equal(asked, 0);
});

t.test('what nothing can install is not blamed on a section that cannot exist', t => {
  const archive = {kind: 'archive', url: 's3://bucket/app.tar', sha256: '0'.repeat(64)} as const;
  const reasonFor = (release: Parameters<typeof installerOf>[1]) => {
    try {
      return installerOf({}, release);
    } catch (error) {
      return error instanceof ReasonError && error.reason;
    }
  };
  t.same(reasonFor(archive), reason('release.kind-not-supported', {kind: 'archive'}));
  const section = 'install.ebs';
  t.same(reasonFor(target.release), reason('release.kind-not-configured', {kind: 'ebs', section}));
  t.end();
});
