/** The disk of the journal is full, read-only, or its content is gone: what serves goes on serving, and everything comes back by itself. */
import {execFileSync} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdir, open, rm, rmdir} from 'node:fs/promises';
import {join} from 'node:path';
import t, {type Test} from 'tap';
import {ask} from '../../agent/control/client.ts';
import type {Request} from '../../agent/control/protocol.ts';
import {startReceiver} from '../host/systemd/notify-receiver.ts';
import {eventually} from '../support/eventually.ts';
import {unmet} from '../support/needs.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {type LoneHost, loneHost} from './lone/host.ts';

const skip = unmet('root');
const UNWRITABLE = 'journal.unwritable';

/** A small disk of the test's own, to be filled and emptied. */
const smallDisk = async (t: Test) => {
  const stateDir = join(await temporaryFolder(t), 'state');
  execFileSync('mkdir', [stateDir]);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'state', stateDir]);
  t.teardown(() => void execFileSync('umount', ['--lazy', stateDir]));
  const ballast = join(stateDir, 'ballast');
  return {
    stateDir,
    fill: async () => {
      const file = await open(ballast, 'w');
      const page = Buffer.alloc(65_536, 1);
      try {
        for (;;) await file.write(page);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        await file.close();
      }
    },
    empty: () => rm(ballast),
  };
};

const requests: readonly Request[] = [
  {verb: 'hold', by: 'ada', note: 'let me look'},
  {verb: 'retry', by: 'ada'},
  {verb: 'rollback', by: 'ada'},
];

const unwritable = (host: LoneHost) =>
  eventually('the host tells of its journal', async () => (await host.status()).reason?.kind === UNWRITABLE);

const told = ({lines}: LoneHost, text: RegExp): number => lines.filter(line => text.test(line)).length;

for (const problem of ['full', 'damaged'] as const) {
  t.test(`a host that serves, its disk ${problem}`, {skip}, async t => {
    const disk = await smallDisk(t);
    const host = await loneHost(t, {stateDir: disk.stateDir});
    const obstacle = join(host.stateDir, 'journal.json.new');
    const [one, two, three] = [host.release('one'), host.release('two'), host.release('three')];
    await host.desire(one);
    const agent = host.start();
    await host.serves(one);
    await host.desire(two);
    await host.serves(two);
    const before = await host.answer();
    await (problem === 'full' ? disk.fill() : mkdir(obstacle));

    await host.desire(three);
    await unwritable(host);
    const report = await host.status();
    t.match(report, {phase: 'serving', serving: true, active: {release: two}});
    const cause = problem === 'full' ? 'no space left on device' : 'illegal operation on a directory';
    t.match(report.reason?.text, new RegExp(`^the journal cannot be written since 20.*Z: ${cause}$`));
    for (const request of requests) {
      const answer = await ask(host.socket, request);
      t.match(answer, {ok: false, refusal: {kind: UNWRITABLE}}, request.verb);
    }
    await host.end(agent, 'SIGKILL');
    host.start();
    await unwritable(host);
    t.equal(await host.answer(), before, 'what serves is never touched, not by an agent that starts either');
    t.equal(told(host, /the journal cannot be written/), 2, 'said once by each agent');

    await (problem === 'full' ? disk.empty() : rmdir(obstacle));
    await host.serves(three);
    t.match(await host.answer(), /^three /, 'what was asked for meanwhile is followed, without a restart');
    t.equal((await host.status()).hold, null, 'what was refused does not take effect later');
    t.equal(told(host, /the journal can be written again/), 1);
  });
}

t.test('a host that is out of traffic goes on without its journal', {skip}, async t => {
  const disk = await smallDisk(t);
  const host = await loneHost(t, {stateDir: disk.stateDir, bakeMs: 3_000, passes: 15});
  const [one, two] = [host.release('one'), host.release('two')];
  await host.desire(one);
  const agent = host.start();
  await host.serves(one);
  await host.desire(two);
  const phase = async (wanted: string) => (await host.status()).phase === wanted;
  await eventually('the gate', () => phase('gating'), {everyMs: 5});
  await disk.fill();
  await eventually('it to be back', () => phase('baking'), {everyMs: 20});
  const serving = await host.answer();
  t.match(serving, /^two /);
  t.match((await host.status()).reason, {kind: UNWRITABLE});
  await host.end(agent, 'SIGKILL');
  host.start();
  await eventually('it to serve', () => phase('serving'), {timeoutMs: 20_000});
  t.equal(
    await host.answer(),
    serving,
    'the next agent knows what runs, although it could not be journalled',
  );
  t.match(await host.status(), {active: {release: two}, reason: {kind: UNWRITABLE}});
  await disk.empty();
  await host.serves(two);
});

t.test(
  'a release is started on a full disk: neither its record nor its log is worth that',
  {skip},
  async t => {
    const disk = await smallDisk(t);
    const host = await loneHost(t, {stateDir: disk.stateDir});
    const [one, two] = [host.release('one'), host.release('two')];
    await host.desire(one);
    host.start();
    await host.serves(one);
    await host.desire(two);
    await eventually('it to be out', async () => (await host.status()).out, {everyMs: 5});
    await disk.fill();
    await eventually('it is back', async () => (await host.status()).serving, {timeoutMs: 20_000});
    t.match(await host.answer(), /^two /);
    t.match(await host.status(), {active: {release: two}, reason: {kind: UNWRITABLE}});
    await disk.empty();
    await host.serves(two);
  },
);

t.test('a host that boots on a full disk tries, and serves as soon as there is room', {skip}, async t => {
  const disk = await smallDisk(t);
  const host = await loneHost(t, {stateDir: disk.stateDir});
  const one = host.release('one');
  await host.desire(one);
  const agent = host.start();
  await host.serves(one);
  // what a kill leaves unfinished is room for the next start
  await eventually('the spare tree', () => existsSync(join(host.stateDir, 'git/spare/record.json')));
  await host.end(agent, 'SIGKILL');
  process.kill(Number((await host.answer())?.split(' ')[1]), 'SIGKILL');
  await rm(join(host.runDir, 'journal.json'));
  await disk.fill();
  const notified = await startReceiver(t);
  host.start({NOTIFY_SOCKET: notified.socket});
  await eventually('the service manager is told that it started', () => notified.value('READY') === '1');
  await eventually('it tries', () => told(host, /activating/) > 1);
  await eventually('and why it is not in service', () =>
    /: (the journal cannot be written since|the disk of .* is full:) /.test(notified.value('STATUS') ?? ''),
  );
  await disk.empty();
  await eventually('it serves', async () => (await host.status()).serving, {timeoutMs: 60_000});
  t.match(await host.answer(), /^one /);
  await eventually(
    'so is that all is well',
    () => notified.value('STATUS') === `serving ${one.slice(0, 12)}`,
  );
});

t.test('the journal is lost while the application runs', async t => {
  const host = await loneHost(t);
  const one = host.release('one');
  await host.desire(one);
  const agent = host.start();
  await host.serves(one);
  const first = await host.answer();
  await host.end(agent, 'SIGKILL');
  for (const name of ['journal.json', 'journal.before.json'])
    await rm(join(host.stateDir, name), {force: true});
  const second = host.start();
  await host.serves(one);
  t.equal(await host.answer(), first, 'the copy still tells what runs');

  await host.end(second, 'SIGKILL');
  for (const name of ['journal.json', 'journal.before.json'])
    await rm(join(host.stateDir, name), {force: true});
  await rm(join(host.runDir, 'journal.json'));
  host.start();
  await host.serves(one);
  const last = await host.answer();
  t.not(last, first);
  t.same((await host.traffic()).slice(-2), [`leave ${first}`, `rejoin ${last}`], 'it left traffic first');
});

t.test('a second agent that is started by mistake refuses in words and touches nothing', async t => {
  const host = await loneHost(t);
  const one = host.release('one');
  await host.desire(one);
  host.start();
  await host.serves(one);
  const contents = () =>
    execFileSync('sha256sum', [
      join(host.stateDir, 'journal.json'),
      join(host.runDir, 'journal.json'),
    ]).toString();
  const [before, serving] = [contents(), await host.answer()];
  const second = host.start();
  await eventually('the second to give up', () => second.exitCode !== null);
  t.equal(second.exitCode, 1);
  t.equal(told(host, /another agent answers on .*control\.sock: stop it first/), 1);
  t.equal(contents(), before);
  t.equal(await host.answer(), serving);
  const two = host.release('two');
  await host.desire(two);
  await host.serves(two);
  t.match(await ask(host.socket, {verb: 'hold', by: 'ada', note: 'the first still answers'}), {ok: true});
});

t.test('an agent that cannot open its socket says so to the service manager too', async t => {
  const host = await loneHost(t);
  await mkdir(join(host.socket, 'in-the-way'), {recursive: true});
  const notified = await startReceiver(t);
  host.start({NOTIFY_SOCKET: notified.socket});
  await eventually('it to be told', () =>
    /^the control socket .* cannot be /.test(notified.value('STATUS') ?? ''),
  );
  t.equal(told(host, /the control socket .* cannot be /), 1, 'as in its log');
});
