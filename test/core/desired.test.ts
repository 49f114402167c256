import fc from 'fast-check';
import t from 'tap';
import {isForced, readDesired, readingOf} from '../../agent/core/desired.ts';
import {readPolicy} from '../../agent/core/policy/policy.ts';
import {reasonText} from '../../agent/core/reason.ts';
import {parseRelease, releaseId} from '../../agent/core/release.ts';

const SHA = '0123456789abcdef0123456789abcdef01234567';
const SNAP = 'snap-0123456789abcdef0';

t.test('a plain id, with white space around it, is a release', async t => {
  t.match(readDesired(`${SNAP}\n`, '7'), {
    ok: true,
    desired: {release: {kind: 'ebs', snapshot: SNAP}, version: '7'},
  });
  t.match(readDesired(SHA, '7'), {ok: true, desired: {release: {kind: 'git', revision: SHA}}});
  t.match(readDesired(`${SHA}${SHA.slice(0, 24)}`, '7'), {ok: true, desired: {release: {kind: 'git'}}});
});

t.test('a document says who asked and why', async t => {
  const text = JSON.stringify({release: SNAP, message: 'the new checkout', by: 'anna'});
  t.match(readDesired(text, '7'), {ok: true, desired: {message: 'the new checkout', by: 'anna'}});
});

t.test('it may say when: the same request, said again, is then another document', async t => {
  t.match(readDesired(JSON.stringify({release: SNAP, at: '2027-01-01T12:00:00Z'}), '7'), {ok: true});
});

// biome-ignore format: a table
const REFUSED: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ['nothing', '', /got an empty value/],
  ['white space', ' \n', /got an empty value/],
  ['a branch', 'main', /got "main"/],
  ['an abbreviated revision', SHA.slice(0, 12), /full git revision/],
  ['an upper-case revision', SHA.toUpperCase(), /full git revision/],
  ['two ids', `${SNAP} ${SHA}`, /got "snap-/],
  ['an archive without its digest', 's3://bucket/key', /expected a snapshot id .* got "s3:/],
  ['an archive whose name steers a terminal', `s3://bucket/\u{e0001}\u001b[2J#sha256=${'0'.repeat(64)}`, /a snapshot id/],
  ['an archive whose name no bucket can hold', `s3://bucket/${'é'.repeat(513)}#sha256=${'0'.repeat(64)}`, /a snapshot id/],
  ['half a document', `{"release": "${SNAP}"`, /a JSON object/],
  ['an unknown field', `{"release": "${SNAP}", "relase": 1}`, /the field "relase"/],
  ['a number as message', `{"release": "${SNAP}", "message": 1}`, /text in the field "message"/],
  ['no release', '{"message": "x"}', /in the field "release", got none/],
  ['a branch in a document', '{"release": "main"}', /got "main"/],
  ['nobody\'s share', `{"release": "${SNAP}", "share": 0}`, /a whole number of hosts from 1, .*"share", got "0"/],
  ['a share that is too much', `{"release": "${SNAP}", "share": "101%"}`, /"share", got "\\"101%\\""/],
  ['one forced host that is no list', `{"release": "${SNAP}", "force": "i-1"}`, /at most 100 instance ids in the field "force", got "\\"i-1\\""/],
  ['null', 'null', /got "null"/],
  ['far too much', `"${'x'.repeat(9000)}"`, /at most 8192/],
  ['bytes that are no text', `snap-\uFFFD`, /UTF-8/],
  ['a list', '["snap-0123456789abcdef0"]', /got "\[/],
];

for (const [what, text, says] of REFUSED) {
  t.test(`${what} is refused with what was expected`, async t => {
    const reading = readDesired(text, '7');
    t.notOk(reading.ok);
    if (!reading.ok) t.match(reasonText(reading.refusal), says);
  });
}

t.test('a value may have 8192 characters', async t => {
  const text = (length: number) => `${SNAP}${' '.repeat(length - SNAP.length)}`;
  t.ok(readDesired(text(8192), '7').ok);
  t.notOk(readDesired(text(8193), '7').ok);
});

t.test('a document says all it says, and nothing else', async t => {
  const read = (more: object) => {
    const reading = readDesired(JSON.stringify({release: SNAP, ...more}), '7');
    if (!reading.ok) throw new Error(reasonText(reading.refusal));
    return reading.desired;
  };
  const least = {release: {kind: 'ebs', snapshot: SNAP}, version: '7'};
  t.strictSame(read({}), least);
  t.strictSame(read({by: 'anna'}), {...least, by: 'anna'});
  t.strictSame(read({message: 'x'}), {...least, message: 'x'});
  t.strictSame(read({share: '10%'}), {...least, share: {percent: 10}});
  t.strictSame(read({share: 1}), {...least, share: {count: 1}});
  t.strictSame(read({force: ['i-1']}), {...least, force: ['i-1']});
  t.strictSame(read({force: []}), least, 'nobody is forced');
});

t.test('forced are at most 100 names', async t => {
  const names = (count: number) => Array.from({length: count}, (_, n) => `i-${n}`);
  t.ok(isForced(names(100)));
  t.notOk(isForced(names(101)));
  t.ok(isForced(['x'.repeat(100), 'A.b_c-1']));
  for (const bad of ['', 'x'.repeat(101), 'a b', 'a/b', 'a\n', 1, null])
    t.notOk(isForced(['i-1', bad]), JSON.stringify(bad));
  t.notOk(isForced('i-1'));
});

t.test('an entry is read with its version, and none has a reason that names the key', async t => {
  t.match(readingOf({value: SNAP, version: '9'}, 'web/desired'), {ok: true, desired: {version: '9'}});
  t.match(readingOf({value: 'main', version: '9'}, 'web/desired'), {
    ok: false,
    refusal: {kind: 'desired.refused'},
  });
  const missing = {ok: false, refusal: {kind: 'desired.missing', details: {key: 'web/desired'}}};
  t.match(readingOf(null, 'web/desired'), missing);
  t.match(readingOf(undefined, 'web/desired'), missing);
});

t.test('no value throws, and every release that is read is written back the same', async t => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({unit: 'binary'}), fc.json(), fc.stringMatching(/^(snap-)?[0-9a-f]{8,64}$/)),
      text => {
        const reading = readDesired(text, '1');
        const again = reading.ok && parseRelease(releaseId(reading.desired.release));
        if (reading.ok && JSON.stringify(again) !== JSON.stringify(reading.desired.release))
          throw new Error(text);
      },
    ),
    {numRuns: 5000},
  );
  t.pass('5000 values');
});

t.test('a policy has defaults, and names what is wrong', async t => {
  t.match(readPolicy('{}'), {
    ok: true,
    policy: {concurrency: {percent: 20}, floor: {percent: 50}, budget: {count: 1}},
  });
  t.match(readPolicy('{"concurrency": 2, "floor": "90%"}'), {
    ok: true,
    policy: {concurrency: {count: 2}, floor: {percent: 90}},
  });
  for (const text of [
    '{"concurrency": "2"}',
    '{"concurrency": 0}',
    '{"concurrency": 1e300}',
    '{"floor": -1}',
    '{"budget": 0}',
    '{"budjet": 1}',
    '{"concurrency": "101%"}',
    'x',
    '[]',
  ]) {
    t.match(readPolicy(text), {ok: false, cause: {kind: 'store.document', details: {key: 'policy'}}}, text);
  }
});

t.test('what operators say is on one line and not endless', async t => {
  const reading = readDesired(
    JSON.stringify({release: SNAP, message: `a\nb\u001b[2J${'x'.repeat(5_000)}`, by: '\u202e'}),
    '7',
  );
  t.ok(reading.ok);
  if (!reading.ok) return;
  t.match(reading.desired.message, /^a b \[2Jx+…$/);
  t.equal(reading.desired.message?.length, 1_001);
  t.equal(reading.desired.by, ' ');
});
