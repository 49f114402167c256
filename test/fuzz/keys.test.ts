/** What stands in the store's keys, whoever wrote it: each reading is a value, or a reason that can be shown. */
import t, {type Test} from 'tap';
import {readDesired} from '../../agent/core/desired.ts';
import type {DocumentReading} from '../../agent/core/document.ts';
import {EMPTY_LEDGER, type Ledger, readLedger} from '../../agent/core/fleet/ledger.ts';
import {type Members, readMembers} from '../../agent/core/fleet/members.ts';
import {type HostStatus, readStatus} from '../../agent/core/host/status.ts';
import {readPolicy} from '../../agent/core/policy/policy.ts';
import {reason, reasonText} from '../../agent/core/reason.ts';
import {parseRelease, releaseId} from '../../agent/core/release.ts';
import {CASES, foreseen, fuzz, presentable} from './fuzz.ts';
import {documentTexts} from './inputs.ts';

const SNAP = 'snap-0123456789abcdef0';
const SHA = '0123456789abcdef0123456789abcdef01234567';
const cause = reason('gate.failed', {probe: 'http://127.0.0.1', seconds: 3, last: '500'});

const DESIRED = [
  SNAP,
  {release: SNAP, message: 'the new checkout', by: 'ada', at: '2027-01-01'},
  {release: SHA},
  {release: `s3://bucket/app.tar#sha256=${'0'.repeat(64)}`},
];

const LEDGER: Ledger = {
  ...EMPTY_LEDGER,
  fence: 3,
  rollout: {
    ...{number: 2, version: '7', release: SNAP, since: 1, way: 'forward', wave: 1, bakes: 5, unwell: 4},
    revert: {release: SHA, cause, since: 6},
  },
  proven: SHA,
  denied: [SNAP],
  permits: [{host: 'i-1', fence: 3, release: SNAP, version: '7', since: 1}],
  failures: [{host: 'i-2', fence: 2, cause}],
  blocked: cause,
};

const MEMBERS: Members = {
  format: 1,
  present: {a: ['i-1']},
  missing: [{host: 'i-2', zone: 'b', since: 1, rollout: null, ec2: 'unknown'}],
};

const STATUS: HostStatus = {
  format: 1,
  instance: 'i-1',
  zone: 'a',
  role: 'web',
  phase: 'waiting',
  serving: true,
  active: SHA,
  previous: null,
  wants: {release: SNAP, version: '7'},
  permit: 3,
  outcome: {fence: 2, result: 'rolled-back', release: SHA, version: '6', cause},
  reason: cause,
  since: 1,
  agent: '1',
};

t.test('the desired key', async t => {
  await fuzz(t, {runs: CASES.pure, input: documentTexts(...DESIRED)}, value => {
    const reading = readDesired(value, '7');
    if (!reading.ok) return foreseen(reading.refusal, ['desired.refused']);
    const {release, message, by} = reading.desired;
    const again = parseRelease(releaseId(release));
    if (!again || releaseId(again) !== releaseId(release)) throw new Error(`not a release: ${value}`);
    for (const said of [releaseId(release), message ?? '', by ?? '']) presentable(said);
  });
});

t.test('the policy', async t => {
  const valid = {
    ...{concurrency: '20%', floor: 2, budget: '5%', zones: {floor: '50%', inTurn: true}},
    ...{waves: ['canary', '10%', 3], bake: '10m', onFailure: 'revert', requireMessage: true},
    windows: [{days: ['mon'], from: '09:00', to: '17:30', timezone: 'Europe/Berlin'}],
  };
  await fuzz(t, {runs: CASES.pure, input: documentTexts(valid, {}, {concurrency: 3})}, value => {
    const reading = readPolicy(value);
    if (!reading.ok) return foreseen(reading.cause, ['store.document']);
    const {concurrency, floor, budget} = reading.policy;
    for (const amount of [concurrency, floor, budget]) {
      const [count] = Object.values(amount) as number[];
      if (!Number.isSafeInteger(count) || Number(count) < 0) throw new Error(`an amount of ${count}`);
    }
  });
});

const documents = <T>(name: string, valid: T, read: (value: string) => DocumentReading<T>): void => {
  t.test(name, async (t: Test) => {
    await fuzz(t, {runs: CASES.pure, input: documentTexts(valid)}, value => {
      const reading = read(value);
      if (!reading.ok) return foreseen(reading.cause, ['store.document']);
      // what was read is read again as the same
      const again = read(JSON.stringify(reading.value));
      if (!again.ok || JSON.stringify(again.value) !== JSON.stringify(reading.value))
        throw new Error(`it is read in two ways: ${value}`);
      for (const why of reasonsIn(reading.value)) presentable(why);
    });
  });
};

/** The texts of the reasons that the document carries from host to host. */
const reasonsIn = (value: unknown): readonly string[] => {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'kind' in value && 'details' in value ? [reasonText(value as never)] : [];
  return [...own, ...Object.values(value).flatMap(reasonsIn)];
};

documents('the ledger', LEDGER, readLedger);
documents('the members', MEMBERS, readMembers);
documents('a host', STATUS, value => readStatus('hosts/i-1', value));
