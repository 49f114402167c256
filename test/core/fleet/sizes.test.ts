/** Every document of the store in its worst form, for 5,000 hosts: Consul takes no value above 512 KiB, and ours stay below half of that. */
import t from 'tap';
import {permitCall} from '../../../agent/core/fleet/call/call.ts';
import {noticeOf} from '../../../agent/core/fleet/call/notice.ts';
import {EMPTY_LEDGER, type Ledger} from '../../../agent/core/fleet/ledger.ts';
import {NO_MEMBERS, noteMembers} from '../../../agent/core/fleet/members.ts';
import {ledgerText} from '../../../agent/core/fleet/packed/ledger-text.ts';
import {recordText} from '../../../agent/core/fleet/packed/record-text.ts';
import {noteRollout} from '../../../agent/core/fleet/record/note.ts';
import type {HostStatus} from '../../../agent/core/host/status.ts';
import {DEFAULT_POLICY} from '../../../agent/core/policy/policy.ts';
import {reason} from '../../../agent/core/reason.ts';
import {host, outcome, rollout} from './fleet.ts';

const HOSTS = 5_000;
const LIMIT = 256 * 1_024;
const RELEASE = '0123456789abcdef0123456789abcdef01234567';
const cause = reason('gate.failed', {probe: 'http', seconds: 60, last: 'x'.repeat(500)});
const nameOf = (n: number): string => `i-${(0x0a1b2c3d4e5f0000 + n * 7_919).toString(16).padStart(17, '0')}`;
const textOf = (document: unknown): number => Buffer.byteLength(JSON.stringify(document));
const version = '123456789';
const hosts = Array.from(
  {length: HOSTS},
  (_, n): HostStatus =>
    host(nameOf(n), {
      zone: `eu-west-1${'abc'[n % 3]}`,
      active: RELEASE,
      outcome: {...outcome(n + 1, 'stuck'), cause, release: RELEASE, version},
    }),
);
const permits = (share: number) =>
  hosts.slice(0, HOSTS * share).map(({instance}, n) => ({
    ...{host: instance, fence: n + 1, release: RELEASE, version, since: 1_700_000_000_000 + n},
  }));

for (const share of [0.2, 1])
  t.test(`${share * 100} % out`, async t => {
    const out = permits(share);
    const ledger: Ledger = {
      ...EMPTY_LEDGER,
      fence: HOSTS,
      rollout: rollout({
        version,
        release: RELEASE,
        revert: {release: RELEASE, cause, since: 1_700_000_000_000},
      }),
      provenBefore: Array.from({length: 50}, () => RELEASE),
      denied: Array.from({length: 50}, () => RELEASE),
      permits: out,
      failures: out.map(({host: name, fence}) => ({host: name, fence, cause})),
      blocked: cause,
      hosts: HOSTS,
    };
    const view = {ledger, hosts, desired: null, policy: DEFAULT_POLICY, now: 1_700_000_000_000};
    const record = noteRollout(noteRollout(null, {...view, hosts: []}), view);
    const sighting = {hosts, holders: [], rollout: version, ec2: new Map(), now: 1};
    const before = noteMembers(NO_MEMBERS, sighting).members;
    const members = noteMembers(before, {...sighting, hosts: hosts.slice(0, HOSTS - 500)}).members;
    const [permit] = out;
    const sizes = {
      ledger: ledgerText(ledger).length,
      record: record ? recordText(record).length : 0,
      members: textOf(members),
      status: textOf(hosts[0]),
      notice: textOf(noticeOf(ledger)),
      call: permit ? permitCall(permit, ledger, version, 1_700_000_000_000).length : 0,
    };
    t.comment(JSON.stringify(sizes));
    for (const [name, size] of Object.entries(sizes)) t.ok(size <= LIMIT, `${name} has ${size} bytes`);
    for (const name of ['status', 'notice', 'call'] as const)
      t.ok(sizes[name] <= 4_096, `${name} is of one size for every fleet`);
  });
