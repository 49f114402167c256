import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import t from 'tap';
import {systemClock} from '../../../agent/host/clock.ts';
import type {Traffic} from '../../../agent/ports.ts';
import {createExecutor, type Stages} from '../../../agent/runtime/effects/executors.ts';
import {whileKeptOut} from '../../../agent/runtime/effects/kept-out.ts';
import {combineTraffic} from '../../../agent/traffic/combine.ts';
import {commandTraffic} from '../../../agent/traffic/command.ts';
import {consulTraffic} from '../../../agent/traffic/consul.ts';
import {startConsul} from '../../support/consul.ts';
import {eventually} from '../../support/eventually.ts';
import {fetch} from '../../support/fetch.ts';
import {keptLog} from '../../support/log.ts';
import {unmet} from '../../support/needs.ts';

const signal = new AbortController().signal;
const release = {kind: 'ebs', snapshot: 'snap-0123456789abcdef0'} as const;
const target = {release, slot: '1', generation: 1};
const hide = (timeoutMs: number) => ({type: 'traffic.hide', generation: 1, timeoutMs}) as const;

/** Stages with the two that take the test's time: they end when it says so. */
const setUp = (traffic: Traffic) => {
  const {log, lines} = keptLog();
  const started = Promise.withResolvers<void>();
  const healthy = Promise.withResolvers<void>();
  const stages = {
    traffic,
    activator: {activate: () => started.promise},
    gate: {pass: () => healthy.promise},
    directoryOf: (slot: string) => `/slots/${slot}`,
    clock: systemClock,
    log,
  } as unknown as Stages;
  return {execute: createExecutor(stages), started, healthy, lines};
};

t.test('with a check of Consul that is weaker than the gate', {skip: unmet('root', 'debian')}, async t => {
  const {address} = await startConsul(t);
  const traffic = combineTraffic([
    consulTraffic({service: 'web', url: address, log: keptLog().log, isRunning: async () => false}),
  ]);
  const {execute, started, healthy, lines} = setUp(traffic);
  // none at all: it passes at once
  const register = (ID: string) =>
    fetch(`${address}/v1/agent/service/register`, {
      method: 'PUT',
      body: JSON.stringify({ID, Name: 'web', Port: 80}),
    });
  const seen = async (): Promise<number> =>
    ((await (await fetch(`${address}/v1/health/service/web?passing`)).json()) as unknown[]).length;
  const hidden = () => eventually('nothing to be visible', async () => (await seen()) === 0);

  await register('web-1');
  t.equal(await seen(), 1);
  t.equal(await execute(hide(5_000), signal), null);
  t.equal(await seen(), 0, 'gone before anything starts');

  const activated = execute({type: 'release.activate', generation: 1, target, previous: null}, signal);
  await register('web-2');
  await hidden();
  started.resolve();
  t.match(await activated, {type: 'release.activated'});

  const gated = execute({type: 'gate.probe', generation: 1, timeoutMs: 60_000}, signal);
  await sleep(50);
  await register('web-3');
  await hidden();
  healthy.resolve();
  t.match(await gated, {type: 'gate.passed'});
  await sleep(700);
  t.equal(await seen(), 0, 'out until it rejoins');

  t.match(await execute({type: 'traffic.rejoin', generation: 1}, signal), {type: 'traffic.rejoined'});
  await sleep(700);
  t.equal(await seen(), 3, 'and back for good');
  t.same(lines, []);
});

t.test('a Consul that does not answer delays a boot for a moment, and fails nothing', async t => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close().closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const {execute, lines} = setUp(
    consulTraffic({service: 'web', url, log: keptLog().log, isRunning: async () => false}),
  );
  t.equal(await execute(hide(50), signal), null);
  t.match(
    lines.map(({message}) => message),
    [/^traffic\.hide: /],
  );
});

t.test('a look that takes too long is told once, and is over when the work is', async t => {
  const {log, lines} = keptLog();
  let [looks, inFlight] = [0, 0];
  const keepOut = async (until: AbortSignal): Promise<void> => {
    looks += 1;
    inFlight += 1;
    await sleep(60_000, undefined, {signal: until}).finally(() => {
      inFlight -= 1;
    });
  };
  const traffic = {keepOut} as unknown as Traffic;
  const work = () => eventually('three looks', () => looks >= 3);
  await whileKeptOut({traffic, clock: systemClock, log, everyMs: 1, lookMs: 5}, work, signal);
  t.equal(inFlight, 0);
  t.equal(lines.length, 1);
  t.match(lines[0]?.message, /what starts may get requests before its gate/);
});

t.test('a look that hangs does not hold up what the work found', async t => {
  const keepOut = (until: AbortSignal) => once(until, 'abort');
  const {log, lines} = keptLog();
  const traffic = {keepOut} as unknown as Traffic;
  const kept = whileKeptOut({traffic, clock: systemClock, log, lookMs: 60_000}, async () => 'failed', signal);
  t.equal(await Promise.race([kept, sleep(20_000, 'late', {ref: false})]), 'failed');
  t.same(lines, []);
});

t.test('what fails is the work, and an agent that ends does not wait', async t => {
  const stop = new AbortController();
  const traffic = {keepOut: (until: AbortSignal) => once(until, 'abort')} as unknown as Traffic;
  const failing = async (): Promise<never> => {
    await sleep(5);
    stop.abort();
    throw new Error('the gate');
  };
  await t.rejects(whileKeptOut({traffic, clock: systemClock, log: keptLog().log}, failing, stop.signal), {
    message: 'the gate',
  });
});

t.test('commands are not run again and again', async t => {
  const commands = commandTraffic({leave: ['false'], rejoin: ['false'], timeoutMs: 1_000});
  t.equal(combineTraffic([commands]).keepOut, undefined);
});
