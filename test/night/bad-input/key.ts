/** What fingers and programs put into the keys that operators write. */
import {RELEASE_EXPECTED} from '../../../agent/core/release.ts';
import type {Published} from '../../lab/instance/in-service.ts';
import type {Lane} from './lane.ts';
import type {Row} from './row.ts';

const refused = (name: string, value: string | Uint8Array, got: string): Row => ({
  name: `desired: ${name}`,
  trigger: lane => lane.put('desired', value),
  reason: {kind: 'desired.refused', text: got},
});

const SNAPSHOT = 'snap-0123456789abcdef0';
const EXPECTED_RELEASE = `expected ${RELEASE_EXPECTED}`;
const FIELDS = 'expected only the fields release, message, by, at, share and force';

const DESIRED: readonly Row[] = [
  refused('nonsense', 'hunter2; rm -rf /', `${EXPECTED_RELEASE}, got "hunter2; rm -rf /"`),
  refused('a branch name', 'main', `${EXPECTED_RELEASE}, got "main"`),
  refused('an abbreviated revision', 'c0ffee1', 'got "c0ffee1"'),
  refused('capitals in a revision', 'C0FFEE'.repeat(7).slice(0, 40), 'got "C0FFEEC0FFEE'),
  refused('two releases', `${SNAPSHOT}\n${SNAPSHOT}`, `got "${SNAPSHOT}\\n${SNAPSHOT}"`),
  refused('an id of another kind', 'ami-0123456789abcdef0', 'got "ami-0123456789abcdef0"'),
  refused('a path', '../../../etc/shadow', 'got "../../../etc/shadow"'),
  refused('an option of git', '--upload-pack=touch /tmp/x', 'got "--upload-pack=touch /tmp/x"'),
  refused(
    'an unknown field',
    `{"release": "${SNAPSHOT}", "mesage": "typo"}`,
    `${FIELDS}, got the field "mesage"`,
  ),
  refused(
    'a field of the prototype',
    `{"release": "${SNAPSHOT}", "__proto__": {}}`,
    'got the field "__proto__"',
  ),
  refused('a number for a release', '{"release": 12}', 'expected text in the field "release", got "12"'),
  refused('no release', '{"message": "go"}', 'in the field "release", got none'),
  refused('a release that is none', '{"release": "latest"}', 'in the field "release", got "latest"'),
  refused('a list', `["${SNAPSHOT}"]`, 'got "[\\"snap-0123456789abcdef0\\"]"'),
  refused('half a document', `{"release": "${SNAPSHOT}`, 'expected a JSON object, got "{\\"release\\":'),
  refused(
    'deep nesting',
    `{"release": ${'['.repeat(4000)}${']'.repeat(4000)}}`,
    'expected text in the field "release"',
  ),
  refused('an empty value', '', `${EXPECTED_RELEASE}, got an empty value`),
  refused('blanks', ' \n\t ', 'got an empty value'),
  refused('as much as Consul takes', 'a'.repeat(524_288), 'expected at most 8192 characters, got 524288'),
  refused('bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x80]), 'expected UTF-8 text'),
  refused(
    'what steers a terminal',
    '\u001b[2J\u009b31m\u202e0evil',
    'got "\\u001b[2J\\u009b31m\\u202e0evil"',
  ),
  {
    name: 'desired: the key is deleted',
    trigger: lane => lane.remove('desired'),
    reason: {kind: 'desired.missing', text: 'no release is asked for: the key web/lane-'},
  },
  {
    name: 'desired: an archive, which nothing installs yet',
    trigger: lane => lane.put('desired', `s3://bucket/app.tar#sha256=${'0'.repeat(64)}`),
    reason: {kind: 'release.kind-not-supported', text: 'cannot install releases of kind archive'},
  },
  {
    name: 'desired: refused, and the request before it again',
    trigger: lane => lane.put('desired', 'HEAD'),
    reason: {kind: 'desired.refused', text: 'got "HEAD"'},
    mend: lane => lane.put('desired', lane.served().id),
    afterwards: 'before',
  },
];

// A policy matters when an update waits: nobody is granted a permit by one that cannot be read.
const policy = (
  name: string,
  value: string | Uint8Array,
  text = 'the document policy is not readable: expected ',
): Row => ({
  name: `policy: ${name}`,
  trigger: async lane => {
    await lane.put('policy', value);
    return lane.good();
  },
  reason: {kind: 'store.document', text},
  mend: plainPolicy,
  afterwards: 'itself',
  cleanup: plainPolicy,
});

const plainPolicy = (lane: Lane, _bad?: Published): Promise<void> => lane.put('policy', '{}');

const POLICY: readonly Row[] = [
  policy('nonsense', 'be careful', 'expected a JSON object, got "be careful"'),
  policy('an unknown name', '{"concurency": 2}', 'concurency'),
  policy('more than everything', '{"concurrency": "150%"}', 'such as "20%" in concurrency, got "\\"150%\\""'),
  policy('a wrong type', '{"budget": "1"}', 'in budget, got '),
  policy('a number below zero', '{"floor": -1}', 'in floor, got "-1"'),
  policy('a list', '[]', 'expected a JSON object, got "[]"'),
  policy('empty', '', 'expected a JSON object, got ""'),
  policy('bytes that are no text', Buffer.from([0x7b, 0xff, 0x7d])),
  policy('nobody may be out', '{"concurrency": 0}', 'in concurrency, got "0"'),
];

const LEDGER: readonly Row[] = [
  {
    name: 'ledger: somebody wrote into it',
    trigger: async lane => {
      await lane.put('ledger', '{"format": 1, "proven": 7}');
      return lane.good();
    },
    reason: {kind: 'store.document', text: 'the document ledger is not readable: expected '},
    mend: lane => lane.remove('ledger'),
    afterwards: 'itself',
    cleanup: lane => lane.remove('ledger'),
  },
];

/** Rows about the keys in the store. */
export const KEY_ROWS: readonly Row[] = [...DESIRED, ...POLICY, ...LEDGER];
