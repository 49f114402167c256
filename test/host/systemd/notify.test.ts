import {existsSync} from 'node:fs';
import {join} from 'node:path';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import t from 'tap';
import {createLog} from '../../../agent/host/log.ts';
import {createNotify} from '../../../agent/host/systemd/notify.ts';
import {eventually} from '../../support/eventually.ts';
import {temporaryFolder} from '../../support/temporary.ts';
import {startReceiver} from './notify-receiver.ts';

const programs = ['/usr/bin/python3', '/usr/bin/systemd-notify'];
const missing = programs.find(program => !existsSync(program));
if (missing && process.env.CI) throw new Error(`in CI nothing is skipped, but this suite needs ${missing}`);
const skip = missing ? `needs ${missing}` : false;

const makeLog = () => {
  const lines: string[] = [];
  return {lines, log: createLog({level: 'debug', write: line => lines.push(line), journald: true})};
};

t.test('the service manager hears each thing, from the process that it knows', {skip}, async t => {
  const {socket, messages, told, value} = await startReceiver(t);
  const {log, lines} = makeLog();
  const notify = createNotify({alive: () => true, log, environment: {NOTIFY_SOCKET: socket}});
  notify.extendTimeout(90_000);
  await notify.ready();
  notify.status('serving snap-1\nWATCHDOG=trigger');
  await notify.stopping();
  t.equal(value('EXTEND_TIMEOUT_USEC'), '90000000');
  t.equal(value('READY'), '1');
  t.equal(value('STATUS'), 'serving snap-1 WATCHDOG=trigger', 'a line break cannot make another variable');
  t.equal(value('STOPPING'), '1');
  t.equal(told('WATCHDOG').length, 0);
  if (process.getuid?.() === 0)
    t.ok(
      messages.every(({pid}) => pid === process.pid),
      'NotifyAccess=main lets it through',
    );
  t.same(lines, []);
});

t.test('statuses that come faster than they can be sent become the latest one', {skip}, async t => {
  const {socket, told, value} = await startReceiver(t);
  const notify = createNotify({...makeLog(), alive: () => true, environment: {NOTIFY_SOCKET: socket}});
  for (let step = 0; step < 200; step += 1) {
    notify.status(`step ${step}`);
    if (step % 20 === 0) await sleep(0);
  }
  await notify.ready();
  t.equal(value('STATUS'), 'step 199');
  t.ok(told('STATUS').length <= 12, `${told('STATUS').length} messages for 200 statuses`);
});

t.test('a status that systemd would not take does not cost what is said with it', {skip}, async t => {
  const {socket, value} = await startReceiver(t);
  const notify = createNotify({...makeLog(), alive: () => true, environment: {NOTIFY_SOCKET: socket}});
  notify.status(`C:\\${'ü'.repeat(5_000)}\\`);
  await notify.ready();
  t.equal(value('READY'), '1');
  t.match(value('STATUS'), /^C:ü+…$/, 'no backslash, which would be an escape');
  t.ok(Buffer.byteLength(value('STATUS') ?? '') < 4_000, 'within the 4,096 bytes of NOTIFY_BUFFER_MAX');
});

t.test('a status that stays the same is said once', {skip}, async t => {
  const {socket, told} = await startReceiver(t);
  const notify = createNotify({...makeLog(), alive: () => true, environment: {NOTIFY_SOCKET: socket}});
  for (let again = 0; again < 3; again += 1) {
    notify.status('waiting');
    await notify.ready();
  }
  t.equal(told('READY').length, 3);
  t.equal(told('STATUS').length, 1);
});

t.test('the watchdog is told of a life only while there is one', {skip}, async t => {
  const {socket, told} = await startReceiver(t);
  const {log, lines} = makeLog();
  let alive = true;
  let asked = 0;
  const environment = {
    NOTIFY_SOCKET: socket,
    WATCHDOG_USEC: '300000',
    WATCHDOG_PID: String(process.pid),
  };
  const ask = (): boolean => {
    asked += 1;
    return alive;
  };
  const notify = createNotify({alive: ask, log, environment});
  const keepRunning = setInterval(() => undefined, 1000);
  t.teardown(() => clearInterval(keepRunning));
  await eventually('three pings', () => told('WATCHDOG').length >= 3);
  alive = false;
  await eventually('the silence is logged', () => lines.length > 0);
  const heard = told('WATCHDOG').length;
  const before = asked;
  await eventually('three more times when a ping is due', () => asked >= before + 3);
  t.ok(told('WATCHDOG').length <= heard + 1, 'one may have been on its way');
  t.equal(lines.length, 1, 'once, not at every ping');
  await notify.stopping();
});

t.test('no child inherits the line to the service manager', async t => {
  const environment = {NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '1', WATCHDOG_PID: '1', HOME: '/root'};
  createNotify({...makeLog(), alive: () => true, environment});
  t.same(environment, {HOME: '/root'});
});

t.test('without a service manager nothing is said', async t => {
  const {log, lines} = makeLog();
  const notify = createNotify({alive: () => true, log, environment: {}});
  notify.status('serving');
  await notify.ready();
  await notify.stopping();
  t.same(lines, []);
});

t.test('a service manager that does not listen is logged and does no harm', {skip}, async t => {
  const {log, lines} = makeLog();
  const environment = {NOTIFY_SOCKET: join(await temporaryFolder(t), 'nobody')};
  await createNotify({alive: () => true, log, environment}).ready();
  t.match(lines, [/^<4>the service manager was not told READY: systemd-notify/]);
});
