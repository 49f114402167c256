import t from 'tap';
import {
  GRACE_MS,
  type Members,
  NO_MEMBERS,
  noteMembers,
  readMembers,
} from '../../../agent/core/fleet/members.ts';
import type {HostStatus} from '../../../agent/core/host/status.ts';

const look = (names: readonly string[], now: number, ec2: Readonly<Record<string, string>> = {}) => ({
  hosts: names.map(instance => ({instance, zone: 'a'}) as HostStatus),
  holders: [] as readonly string[],
  rollout: '7',
  ec2: new Map(Object.entries(ec2)),
  now,
});
const missing = ({members}: {readonly members: Members}) => members.missing.map(({host}) => host);

t.test('a host that was there and is not seen is missing, and comes back', async t => {
  const first = noteMembers(NO_MEMBERS, look(['b', 'a'], 1)).members;
  t.same(first, {format: 1, present: {a: ['a', 'b']}, missing: []});
  const second = noteMembers(first, look(['a'], 2)).members;
  t.same(second.missing, [{host: 'b', zone: 'a', since: 2, rollout: '7', ec2: 'unknown'}]);
  const later = noteMembers(second, {...look(['a'], 3, {b: 'running'}), rollout: '8'}).members;
  t.same(
    later.missing,
    [{host: 'b', zone: 'a', since: 2, rollout: '7', ec2: 'running'}],
    'since it was seen last',
  );
  t.same(noteMembers(later, look(['a', 'b'], 4)).members, first);
});

t.test('they are kept by zone, and what an older agent wrote is read', async t => {
  const hosts = ['b', 'a', 'c'].map(zone => ({instance: `i-${zone}`, zone}) as HostStatus);
  const {members} = noteMembers(NO_MEMBERS, {...look([], 1), hosts});
  t.equal(JSON.stringify(members.present), '{"a":["i-a"],"b":["i-b"],"c":["i-c"]}');
  const old = readMembers('{"format": 1, "present": ["i-a"], "missing": []}');
  t.strictSame(old, {ok: true, value: {format: 1, present: {'': ['i-a']}, missing: []}});
});

t.test('only EC2 knows that a host is gone', async t => {
  const first = noteMembers(NO_MEMBERS, look(['a', 'b'], 0)).members;
  for (const said of ['running', 'stopped', 'shutting-down', 'unknown'])
    t.same(missing(noteMembers(first, look(['a'], GRACE_MS * 9, {b: said}))), ['b'], said);
  const gone = noteMembers(first, look(['a'], 1, {b: 'terminated'}));
  t.same(missing(gone), []);
  t.same([...gone.gone], ['b']);
});

t.test('where EC2 knows nothing of it, a host is gone after a time of grace', async t => {
  const first = noteMembers(NO_MEMBERS, look(['a', 'b'], 0)).members;
  for (const said of ['none', 'absent']) {
    const away = noteMembers(first, look(['a'], 5, {b: said})).members;
    t.same(missing(noteMembers(away, look(['a'], 4 + GRACE_MS, {b: said}))), ['b'], said);
    t.same(missing(noteMembers(away, look(['a'], 5 + GRACE_MS, {b: said}))), [], said);
    const holds = {...look(['a'], 5 + GRACE_MS, {b: said}), holders: ['b']};
    const noted = noteMembers(away, holds);
    t.same(missing(noted), ['b'], 'not while it holds a permit');
    t.same([...noted.gone], [], 'which is not free either');
  }
});

t.test('a holder of a permit that nobody has seen is missing', async t => {
  t.same(missing(noteMembers(NO_MEMBERS, {...look(['a'], 1), holders: ['a', 'c']})), ['c']);
});

t.test('it stays within bounds: those that went missing last are kept', async t => {
  const names = Array.from({length: 300}, (_, n) => `i-${n}`);
  let members = noteMembers(NO_MEMBERS, look(names, 0)).members;
  for (let n = 1; n <= 250; n += 1) members = noteMembers(members, look(names.slice(n), n)).members;
  t.equal(members.missing.length, 200);
  t.equal(members.missing[0]?.host, 'i-249');
});

t.test('the document is read back, and refused when it is none', async t => {
  const members = noteMembers(noteMembers(NO_MEMBERS, look(['a', 'b'], 1)).members, look(['a'], 2)).members;
  t.same(readMembers(JSON.stringify(members)), {ok: true, value: members});
  t.same(readMembers(null), {ok: true, value: NO_MEMBERS});
  t.match(readMembers('{"format":2}'), {ok: false, cause: {kind: 'store.document'}});
});

t.test('the bounds are what they are', async t => {
  t.strictSame(NO_MEMBERS, {format: 1, present: {}, missing: []});
  t.equal(GRACE_MS, 600_000, 'ten minutes');
  const names = Array.from({length: 8_001}, (_, n) => `i-${n}`);
  t.equal(noteMembers(NO_MEMBERS, look(names, 0)).members.present.a?.length, 8_000, 'it fits into one value');
});
