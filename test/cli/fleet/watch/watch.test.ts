import {once} from 'node:events';
import process from 'node:process';
import {execa} from 'execa';
import t, {type Test} from 'tap';
import type {WatchOptions} from '../../../../agent/cli/fleet/watch/watch.ts';
import {watch} from '../../../../agent/cli/fleet/watch/watch.ts';
import type {Terminal} from '../../../../agent/cli/terminal.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {ReasonError} from '../../../../agent/core/reason-error.ts';
import type {Store} from '../../../../agent/ports.ts';
import {host, NEW, OLD, outcome, rollout} from '../../../core/fleet/fleet.ts';
import {emptyFleet, line, type TestFleet} from '../store.ts';

const AGENTCTL = new URL('../../../../agent/agentctl.ts', import.meta.url).pathname;
const START = 1_800_000_000_000;
const never = new AbortController().signal;

/** Watches while each step of a script happens between two looks; after the last one the watch is interrupted. */
const watched = async (
  fleet: TestFleet,
  steps: readonly (() => Promise<void>)[],
  options: WatchOptions = {},
  more: {readonly terminal?: Partial<Terminal>; readonly store?: Store} = {},
) => {
  const out: string[] = [];
  const err: string[] = [];
  const stop = new AbortController();
  const left = [...steps];
  let now = START;
  const clock = {
    now: () => now,
    elapsed: () => now,
    random: () => 0,
    after: () => () => undefined,
    sleep: async (ms: number) => {
      now += ms;
      const step = left.shift();
      if (step) await step();
      else stop.abort();
    },
  };
  const terminal: Terminal = {
    say: text => void out.push(text),
    complain: text => void err.push(text),
    env: {},
    interruption: () => stop.signal,
    ...more.terminal,
  };
  const place = {app: 'web', channel: 'production', name: 'web/production', signal: never};
  const reach = {...place, store: more.store ?? fleet.store, keys: fleet.keys};
  const exit = await watch(reach, options, terminal, {clock, awayMs: 10_000}).catch(error => error);
  return {exit, out, err: line(err.join(' '))};
};

/** Three hosts that are asked for another release. */
const rolling = async (t: Test): Promise<TestFleet & {readonly version: string}> => {
  const fleet = await emptyFleet(t);
  await fleet.put(fleet.keys.desired, {release: NEW, by: 'ada', message: 'the cart'});
  const version = (await fleet.store.get(fleet.keys.desired, never))?.version ?? '';
  await fleet.putHosts([host('i-1'), host('i-2'), host('i-3')]);
  await fleet.putLedger({proven: OLD, rollout: rollout({version})});
  await fleet.put(fleet.keys.coordinator, 'i-1');
  return {...fleet, version};
};

t.test('in a pipe each change is a line, and the end of the rollout the exit code', async t => {
  const fleet = await rolling(t);
  const {putHosts, putLedger, put, store, keys, version} = fleet;
  const {exit, out} = await watched(
    fleet,
    [
      async () => undefined,
      () => putHosts([host('i-1', {active: NEW})]),
      () => put(keys.freeze, {by: 'bob', note: 'lunch'}),
      async () => void (await store.delete(keys.freeze, 'any', never)),
      () => putHosts([host('i-2', {active: NEW}), host('i-3', {active: NEW})]),
      () => putLedger({proven: NEW, rollout: rollout({version})}),
    ],
    {until: 'steady'},
  );
  t.equal(exit, 0);
  t.same(
    out.map(text => text.replace(/^\d\d:\d\d:\d\d /, '')),
    [
      'rolling out snap-22222222; asked for: snap-22222222: "the cart" (ada)',
      '0 of 3 hosts have it',
      '1 of 3 hosts has it',
      'frozen by bob: lunch',
      'no longer frozen',
      '3 of 3 hosts have it',
      'steady on snap-22222222; asked for: snap-22222222: "the cart" (ada)',
    ],
  );
  t.ok(out.every(text => /^\d\d:\d\d:\d\d /.test(text)));
});

t.test('a rollout that failed is exit code 5, once nobody is on the way any more', async t => {
  const fleet = await rolling(t);
  const {putHosts, putLedger, version} = fleet;
  const cause = reason('gate.failed', {probe: 'http', seconds: 60, last: '500'});
  const failures = [{host: 'i-1', fence: 1, cause}];
  const permit = {host: 'i-2', fence: 2, release: NEW, version, since: START};
  const halted = {proven: OLD, rollout: rollout({version}), failures};
  const {exit, out} = await watched(
    fleet,
    [
      () => putLedger({...halted, permits: [permit]}),
      async () => undefined,
      () => putHosts([host('i-2', {outcome: outcome(2, 'stuck'), phase: 'held', serving: false})]),
    ],
    {until: 'steady'},
  );
  t.equal(exit, 5);
  t.match(
    out.join('\n'),
    /the rollout of snap-22222222 is halted.*\n.*it failed on i-1: the health gate http did not pass/,
  );

  await putLedger({...halted, denied: [NEW]});
  t.equal((await watched(fleet, [], {until: 'steady'})).exit, 5, 'denied');
  const revert = {release: OLD, cause, since: 1};
  await putLedger({proven: OLD, rollout: rollout({version, revert})});
  await putHosts([host('i-3', {active: NEW})]);
  const back = await watched(fleet, [() => putHosts([host('i-3')])], {until: 'steady'});
  t.equal(back.exit, 5, 'taken back');
  t.match(
    back.out.join('\n'),
    /failed; going back to snap-11111111.*\n(?:.*\n)*.*failed; back on snap-11111111/,
  );
});

t.test('a share that is reached is an end, too', async t => {
  const fleet = await emptyFleet(t);
  await fleet.put(fleet.keys.desired, {release: NEW, share: 1});
  const version = (await fleet.store.get(fleet.keys.desired, never))?.version ?? '';
  await fleet.putHosts([host('i-1'), host('i-2')]);
  await fleet.putLedger({proven: OLD, rollout: rollout({version})});
  const {exit, out} = await watched(fleet, [() => fleet.putHosts([host('i-1', {active: NEW})])], {
    until: 'steady',
  });
  t.equal(exit, 0);
  t.match(out.at(-2), /snap-22222222 is on 1 of the fleet, as asked/);
});

t.test('nothing asked for is nothing to wait for', async t => {
  const fleet = await emptyFleet(t);
  t.match(await watched(fleet, [], {until: 'steady'}), {exit: {name: 'Refusal', exit: 1}});
  t.equal((await watched(fleet, [])).exit, 130, 'who only looks may wait');
});

t.test('the time may be over before, and whoever interrupts is told what goes on', async t => {
  const fleet = await rolling(t);
  const steps = Array.from({length: 20}, () => async () => undefined);
  const late = await watched(fleet, steps, {until: 'steady', timeout: 5_000});
  t.equal(late.exit, 124);
  t.match(late.err, /the time is over\. Nothing stops with that: what was asked for goes on/);
  const looks = await watched(fleet, steps, {timeout: 5_000});
  t.equal(looks.exit, 124);
  const stopped = await watched(fleet, []);
  t.equal(stopped.exit, 130);
  t.match(stopped.err, /^agentctl: Nothing stops with that/);
});

t.test('a store that is away is said, and ends the watch when that lasts', async t => {
  const fleet = await rolling(t);
  let away = false;
  const store: Store = {
    ...fleet.store,
    get: (key, signal) => {
      if (away) throw new ReasonError(reason('store.unreachable', {store: 'consul', cause: 'no leader'}));
      return fleet.store.get(key, signal);
    },
  };
  const set = (to: boolean) => async () => {
    away = to;
  };
  const short = await watched(fleet, [set(true), set(true), set(false)], {}, {store});
  t.equal(short.exit, 130);
  t.match(short.out.join('\n'), /the store consul does not answer: no leader\n.* the store answers again/);
  const long = await watched(fleet, Array(30).fill(set(true)), {until: 'steady'}, {store});
  t.match(long.exit, {name: 'Refusal', kind: 'store.unreachable', exit: 3});
});

t.test('JSON has a line for each look that shows something new', async t => {
  const fleet = await rolling(t);
  const steps = [async () => undefined, () => fleet.putHosts([host('i-1', {active: NEW})])];
  const {out} = await watched(fleet, steps, {json: true});
  t.equal(out.length, 2);
  t.match(JSON.parse(out[0] ?? ''), {
    fleet: 'web/production',
    standing: 'rolling',
    done: 0,
    size: 3,
    at: START,
  });
  t.match(JSON.parse(out[1] ?? ''), {done: 1, changes: ['1 of 3 hosts has it']});
});

t.test('on a terminal it draws over itself, and the cursor comes back', async t => {
  const fleet = await rolling(t);
  const drawn: string[] = [];
  const screen = {write: (text: string) => void drawn.push(text), size: () => ({columns: 80, rows: 24})};
  const {exit, out} = await watched(fleet, [async () => undefined], {}, {terminal: {screen}});
  t.same([exit, out], [130, []]);
  t.ok(drawn[0]?.startsWith('\x1b[?25l\r\x1b[J'), 'the cursor is hidden');
  const lines = (drawn[0]?.split('\n').length ?? 0) - 1;
  t.ok(lines > 5 && drawn[1]?.startsWith(`\x1b[?25l\r\x1b[${lines}A\x1b[J`), 'the first is drawn over');
  t.equal(drawn.at(-1), '\x1b[?25h');
  const narrow = {...screen, size: () => ({columns: 79, rows: 24})};
  t.ok(
    (await watched(fleet, [], {}, {terminal: {screen: narrow}})).out.length > 0,
    'lines where it is too narrow',
  );
});

t.test('Ctrl-C ends a real one with what goes on, and a cursor', async t => {
  const {url} = await rolling(t);
  const env = {RELEASE_AGENT_STORE: url, RELEASE_AGENT_APP: 'web', RELEASE_AGENT_CHANNEL: 'production'};
  const args = [AGENTCTL, 'watch'];
  const child = execa(process.execPath, args, {env, reject: false, stdin: 'ignore', timeout: 30_000});
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  const {exitCode, stderr} = await child;
  t.match([exitCode, line(stderr)], [130, /Nothing stops with that/]);
});
