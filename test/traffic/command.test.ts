import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {combineTraffic} from '../../agent/traffic/combine.ts';
import {commandTraffic} from '../../agent/traffic/command.ts';
import {reasonFrom} from '../support/reason-from.ts';
import {temporaryFolder} from '../support/temporary.ts';

const signal = new AbortController().signal;
const note = (file: string, word: string) => ['/bin/sh', '-c', `echo ${word} >> ${file}`];
const failing = commandTraffic({
  leave: ['/bin/sh', '-c', 'echo no such target >&2; exit 4'],
  rejoin: ['/nowhere/rejoin'],
  timeoutMs: 5_000,
});

t.test('commands leave in order and rejoin in reverse', async t => {
  const file = join(await temporaryFolder(t), 'notes');
  const part = (name: string) =>
    commandTraffic({
      leave: note(file, `leave-${name}`),
      rejoin: note(file, `rejoin-${name}`),
      timeoutMs: 5_000,
    });
  const both = combineTraffic([part('a'), part('b')]);
  await both.leave(signal);
  await both.rejoin(signal);
  t.equal(await readFile(file, 'utf8'), 'leave-a\nleave-b\nrejoin-b\nrejoin-a\n');
});

t.test('a failing command gives its last words', async t => {
  t.match(await reasonFrom(failing.leave(signal)), {
    kind: 'traffic.failed',
    details: {adapter: 'commands', action: 'leave', cause: /exit status 4: no such target/},
  });
  t.match(await reasonFrom(failing.rejoin(signal)), {kind: 'traffic.failed', details: {cause: /ENOENT/}});
});

t.test('a command that hangs is stopped', async t => {
  const hanging = commandTraffic({leave: ['/bin/sleep', '1000'], rejoin: [], timeoutMs: 200});
  t.match(await reasonFrom(hanging.leave(signal)), {details: {cause: /was stopped after 0.2 s/}});
  await hanging.rejoin(signal);
});

t.test('all parts are tried although one fails, and every failure is told', async t => {
  const file = join(await temporaryFolder(t), 'notes');
  const fine = commandTraffic({leave: note(file, 'left'), rejoin: note(file, 'back'), timeoutMs: 5_000});
  const one = await reasonFrom(combineTraffic([failing, fine]).leave(signal));
  t.match(one, {details: {adapter: 'commands'}});
  await reasonFrom(combineTraffic([fine, failing]).rejoin(signal));
  t.equal(await readFile(file, 'utf8'), 'left\nback\n');
  const two = await reasonFrom(combineTraffic([failing, fine, failing]).leave(signal));
  t.match(two, {
    kind: 'traffic.failed',
    details: {adapter: '2 of 3', cause: /no such target.*; .*no such target/},
  });
});

t.test('an aborted call ends with the abort', async t => {
  const controller = new AbortController();
  controller.abort(new Error('enough'));
  await t.rejects(combineTraffic([failing]).leave(controller.signal), {message: 'enough'});
});
