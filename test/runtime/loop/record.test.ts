import {mkdir, rmdir} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {enterServing} from '../../../agent/core/host/attempt/enter.ts';
import {freshState} from '../../../agent/core/host/recover.ts';
import type {State} from '../../../agent/core/host/state.ts';
import {reason} from '../../../agent/core/reason.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import type {Notify} from '../../../agent/host/systemd/notify.ts';
import {openHistory} from '../../../agent/journal/history.ts';
import {createJournalHealth} from '../../../agent/runtime/health/journal.ts';
import {createRecorder} from '../../../agent/runtime/loop/record.ts';
import {snap} from '../../core/host/world.ts';
import {eventually} from '../../support/eventually.ts';
import {keptLog} from '../../support/log.ts';
import {someTroubles} from '../../support/problems.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const stamp = {now: 1_000, random: 0.5};
const fresh: State = freshState(stamp);
const [serving] = enterServing(
  {...fresh, active: {generation: 1, release: snap(1), slot: '1-snap-11111111'}},
  stamp,
);

const heard = () => {
  const said = {ready: 0, status: ''};
  const notify: Notify = {
    ready: async () => {
      said.ready += 1;
    },
    status: text => {
      said.status = text;
    },
    extendTimeout: () => undefined,
    stopping: async () => undefined,
  };
  return {notify, said};
};

t.test('a history that cannot be written is told once, and once when it can be again', async t => {
  const dir = await temporaryFolder(t);
  const {log, lines} = keptLog();
  const {notify} = heard();
  const history = openHistory(dir);
  const parts = {notify, problems: someTroubles(), history, touch: () => undefined, log};
  const recorder = createRecorder(parts);
  t.teardown(() => recorder.stop());
  const obstacle = join(dir, 'history.jsonl');
  await mkdir(obstacle);
  for (let n = 0; n < 5; n += 1) recorder.publish(serving, fresh);
  await eventually('the problem', () => lines.length > 0);
  await rmdir(obstacle);
  recorder.publish(serving, fresh);
  await eventually('the end of it', () => lines.length > 1);
  t.match(lines, [{message: /the history is not written: .*EISDIR/}, {message: /is written again/}]);
  t.equal(lines.length, 2);
});

t.test('the service manager hears of each problem, the gravest first, and that the agent is up', async t => {
  const {log} = keptLog();
  const {notify, said} = heard();
  const journal = createJournalHealth(log, systemClock);
  const unhealthy = reason('health.failed', {probe: 'unit web.service', last: 'inactive (dead)'});
  const problems = someTroubles({journal, unhealthy});
  const history = openHistory(await temporaryFolder(t));
  const recorder = createRecorder({notify, problems, history, touch: () => undefined, log});
  t.teardown(() => recorder.stop());
  recorder.publish(fresh, fresh);
  t.match(said, {ready: 0, status: 'booting: choosing a release'});
  journal.note(new Error('broken'));
  recorder.refresh();
  t.equal(said.ready, 1, 'units that wait for the agent need not wait for the disk');
  recorder.publish(serving, fresh);
  t.match(said.status, /^serving snap-11111111: the journal .*: broken; the application does not pass/);
  journal.note(null);
  recorder.refresh();
  t.match(said, {ready: 1, status: /^serving snap-11111111: the application does not pass its probes: unit/});
});
