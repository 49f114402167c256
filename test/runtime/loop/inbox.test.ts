import {getEventListeners} from 'node:events';
import t from 'tap';
import type {EventInput} from '../../../agent/core/host/event-input.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import {createInbox} from '../../../agent/runtime/loop/inbox.ts';

const resumed: EventInput = {type: 'operator.resumed', by: 'ann'};
const held = (note: string): EventInput => ({type: 'operator.held', by: 'ann', note});
const never = new AbortController().signal;

t.test('what comes first is taken first', async t => {
  const inbox = createInbox(systemClock);
  inbox.add({input: resumed});
  inbox.add({input: held('one')});
  t.same([inbox.next(), inbox.next(), inbox.next()], [{input: resumed}, {input: held('one')}, undefined]);
});

t.test('what was put off comes before what happened since, the latest of its type only', async t => {
  const inbox = createInbox(systemClock);
  inbox.putOff(held('one'));
  inbox.putOff(held('two'));
  inbox.add({input: resumed});
  inbox.resume();
  t.same([inbox.next(), inbox.next(), inbox.next()], [{input: held('two')}, {input: resumed}, undefined]);
});

t.test('a newer one of its type replaces what was put off', async t => {
  const inbox = createInbox(systemClock);
  inbox.putOff(held('one'));
  inbox.add({input: held('two')});
  t.same(inbox.next(), {input: held('two')});
  inbox.resume();
  t.equal(inbox.next(), undefined);
});

t.test('a rest ends when something is added, at its limit, and when it is aborted', async t => {
  const inbox = createInbox(systemClock);
  const rest = inbox.rest(null, never);
  inbox.add({input: resumed});
  await rest;
  await inbox.rest(null, never); // it is still there
  inbox.next();
  await inbox.rest(1, never);
  const over = new AbortController();
  const last = inbox.rest(null, over.signal);
  over.abort();
  await last;
  await inbox.rest(null, over.signal);
  t.equal(inbox.next(), undefined);
});

t.test('many rests leave nothing behind on a signal that lives long', async t => {
  const inbox = createInbox(systemClock);
  const {signal} = new AbortController();
  for (let n = 0; n < 100; n += 1) await inbox.rest(0, signal);
  t.equal(getEventListeners(signal, 'abort').length, 0);
});
