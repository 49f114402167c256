/** What is said of a serving application that does not pass its probes. */

import t from 'tap';
import {enterServing} from '../../../agent/core/host/attempt/enter.ts';
import {freshState} from '../../../agent/core/host/recover.ts';
import {type Reason, reason, reasonText} from '../../../agent/core/reason.ts';
import {ReasonError} from '../../../agent/core/reason-error.ts';
import {parseRelease, type Release} from '../../../agent/core/release.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import type {Gate, Log} from '../../../agent/ports.ts';
import {createHealthWatch} from '../../../agent/runtime/health/health.ts';
import {reportOf} from '../../../agent/runtime/operator/report.ts';
import {eventually} from '../../support/eventually.ts';
import {someTroubles} from '../../support/problems.ts';

const stamp = {now: 1_000, random: 0.5};
const release = parseRelease('snap-11111111') as Release;
const active = {generation: 1, release, slot: '1-snap-11111111'};
const [state] = enterServing({...freshState(stamp), active, desired: {release, version: '1'}}, stamp);
const down = reason('gate.failed', {probe: 'unit web.service', seconds: 0.1, last: 'inactive (dead)'});

const watched = () => {
  const said: string[] = [];
  const note = (text: string) => void said.push(text);
  const log: Log = {debug: note, info: note, warning: note, error: note};
  let cause: Reason | null = null;
  const pass = async () => {
    if (cause) throw new ReasonError(cause);
  };
  const gate: Gate = {pass, bake: pass};
  let changes = 0;
  const watch = createHealthWatch({
    gate,
    state: () => state,
    changed: () => changes++,
    clock: systemClock,
    log,
    everyMs: 5,
  });
  const turn = (now: Reason | null): void => {
    cause = now;
  };
  return {watch, said, changes: () => changes, turn};
};

t.test('the application that fails its probes is named once, and once when it passes again', async t => {
  const over = new AbortController();
  t.teardown(() => over.abort());
  const {watch, said, changes, turn} = watched();
  const running = watch.run(over.signal);
  turn(down);
  await eventually('the failure', () => watch.unhealthy() !== null);
  t.equal(
    reasonText(watch.unhealthy() as Reason),
    'the application does not pass its probes: unit web.service: inactive (dead)',
  );
  turn(null);
  await eventually('the recovery', () => watch.unhealthy() === null);
  over.abort();
  await running;
  t.equal(changes(), 2);
  t.same(said, [
    'the application does not pass its probes: unit web.service: inactive (dead)',
    'the application passes its probes again',
  ]);
});

t.test('a report does not claim that such a host serves', async t => {
  const unhealthy = reason('health.failed', {probe: 'unit web.service', last: 'inactive (dead)'});
  const self = {agent: '0', instance: 'i-1', zone: 'z', app: 'web', channel: 'production', role: ''};
  const store = {name: 'directory', lost: null};
  const report = reportOf({
    self,
    state,
    store,
    ledger: null,
    problems: someTroubles({unhealthy}),
    unhealthy,
    now: 2_000,
  });
  t.match(report, {serving: false, step: 'serving snap-11111111, but its probes fail'});
  t.match(
    reportOf({self, state, store, ledger: null, problems: someTroubles(), unhealthy: null, now: 2_000}),
    {
      serving: true,
      step: 'serving snap-11111111',
    },
  );
});
