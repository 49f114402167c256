import {setTimeout as sleep} from 'node:timers/promises';
import t from 'tap';
import type {Reason} from '../../../agent/core/reason.ts';
import {reasonOf} from '../../../agent/core/reason-error.ts';
import {withRetries} from '../../../agent/host/ec2/retry.ts';

const signal = new AbortController().signal;
const options = {action: 'CreateVolume', deadlineMs: 400, tryMs: 50};

/** An error as the SDK throws it for an answer. */
const answered = (name: string, httpStatusCode: number, more = {}) =>
  Object.assign(new Error(`says ${name}`), {name, $metadata: {httpStatusCode, ...more}});

const failing = (errors: readonly Error[]) => {
  let tries = 0;
  return {
    tries: () => tries,
    call: async () => {
      const error = errors[tries++];
      if (error) throw error;
      return 'done';
    },
  };
};

t.test('what may pass is tried again until it does', async t => {
  const {call, tries} = failing([
    answered('InternalError', 500),
    new Error('socket hang up'),
    answered('AuthFailure', 401, {clockSkewCorrected: true}),
  ]);
  t.equal(await withRetries(call, {...options, deadlineMs: 10_000}, signal), 'done');
  t.equal(tries(), 4);
});

t.test('a refusal is final, with its code and no more of its words than fit', async t => {
  const error = answered('UnauthorizedOperation', 403);
  error.message = 'Encoded authorization failure message: '.padEnd(4_000, 'x');
  const {call, tries} = failing([error]);
  const why = await withRetries(call, options, signal).catch(reasonOf);
  t.match(why, {kind: 'ec2.refused', details: {action: 'CreateVolume', code: 'UnauthorizedOperation'}});
  t.ok(JSON.stringify(why).length < 500);
  t.equal(tries(), 1);
});

t.test('the deadline says whether it was the rate or the way', async t => {
  const throttled = async () => Promise.reject(answered('RequestLimitExceeded', 503));
  t.match(await withRetries(throttled, options, signal).catch(reasonOf), {
    kind: 'ec2.throttled',
    details: {seconds: 0.4},
  });
  const cut = async () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), {name: 'Error'}));
  t.match(await withRetries(cut, options, signal).catch(reasonOf), {
    kind: 'ec2.unreachable',
    details: {cause: 'connect ECONNREFUSED'},
  });
});

t.test('what keeps it waiting is told from some seconds on, and taken back when it ends', async t => {
  const told: (Reason | null)[] = [];
  const reportBlocker = (user: string, cause: Reason | null) => {
    t.equal(user, 'CreateVolume');
    told.push(cause);
  };
  const call = async () =>
    told.length === 0 ? Promise.reject(answered('RequestLimitExceeded', 503)) : 'done';
  const settings = {...options, deadlineMs: 60_000, reportBlocker};
  t.equal(await withRetries(call, settings, signal), 'done');
  t.match(told[0], {kind: 'ec2.throttled', details: {action: 'CreateVolume', seconds: Number}});
  t.equal(told.at(-1), null);
});

t.test("a caller's deadline gives what it waited for, as far as it was told", async t => {
  const throttled = async () => Promise.reject(answered('RequestLimitExceeded', 503));
  const late = new AbortController();
  const reportBlocker = (_: string, cause: Reason | null) => {
    if (cause) late.abort(new DOMException('', 'TimeoutError'));
  };
  const settings = {...options, deadlineMs: 60_000, reportBlocker};
  const why = await withRetries(throttled, settings, late.signal).catch(reasonOf);
  t.match(why, {kind: 'ec2.throttled', details: {action: 'CreateVolume'}});
});

t.test('a try that hangs is cut and the next one begins', async t => {
  let tries = 0;
  const call = async (abort: AbortSignal) => {
    if (++tries > 1) return 'done';
    return sleep(60_000, 'too late', {signal: abort});
  };
  t.equal(await withRetries(call, {...options, deadlineMs: 10_000}, signal), 'done');
  t.equal(tries, 2);
});

t.test('an abort ends the pauses too', async t => {
  const end = new AbortController();
  const throttled = async () => Promise.reject(answered('RequestLimitExceeded', 503));
  const work = withRetries(throttled, {...options, deadlineMs: 60_000}, end.signal);
  setTimeout(() => end.abort(), 60);
  await t.rejects(work, {name: 'AbortError'});
});
