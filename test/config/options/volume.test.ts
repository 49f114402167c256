/** What EC2 would refuse of [install.ebs] is refused by the configuration, with what to write. */
import {parse} from 'smol-toml';
import t from 'tap';
import {readSettings} from '../../../agent/config/load.ts';
import {OPTIONS} from '../../../agent/config/options/options.ts';
import {problemText} from '../../../agent/config/options/problem.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import {isKey} from '../../../agent/store/key.ts';

const read = (ebs: string, before = '') => {
  const text = `${before}
app = "web"
channel = "dev"
[activate]
units = ["web.service"]
[gate]
tcp = "127.0.0.1:80"
[install.ebs]
${ebs}`;
  return readSettings({
    fragments: {fragments: [{file: 'a.toml', table: parse(text)}], problems: []},
    tags: {},
  });
};

const problems = (ebs: string, before?: string): readonly string[] => {
  const reading = read(ebs, before);
  return reading.ok ? [] : reading.problems.map(problemText);
};

t.test('what EC2 takes is taken', async t => {
  for (const ebs of [
    '',
    'iops = 3000',
    'iops = 16000\nthroughput = 1000',
    'throughput = 750',
    'volume-type = "io2"\niops = 100',
    'volume-type = "st1"\nmax-size = "125GiB"',
    'encrypted = true',
    'encrypted = true\nkms-key = "alias/releases"',
    'encrypted = true\nkms-key = "arn:aws-cn:kms:cn-north-1:123456789012:key/12345678-1234-1234-1234-123456789012"',
    'tags = {CostCenter = "4711", "Größe: a/b" = ""}',
    'initialization-rate = 300',
  ])
    t.same(problems(ebs), [], ebs);
});

for (const [what, ebs, expected] of [
  ['io2 without iops', 'volume-type = "io2"', /^install.ebs.iops: expected a number, which .* io2 needs/],
  ['too few iops', 'iops = 2999', /^install.ebs.iops .*expected from 3000 to 80000 for .* gp3, got 2999/],
  ['too many', 'volume-type = "io1"\niops = 64001', /expected from 100 to 64000 for .* io1/],
  ['throughput for the default iops', 'throughput = 751', /expected at most 750 .*iops = 3004, got 751/],
  ['throughput for some iops', 'iops = 4000\nthroughput = 1001', /expected at most 1000 with 4000 iops/],
  ['a small st1', 'volume-type = "st1"', /^install.ebs.max-size: expected at least "125GiB"/],
  ['a key and no encryption', 'kms-key = "alias/x"', /^install.ebs.encrypted: expected true, because/],
  ['a key that is none', 'encrypted = true\nkms-key = "x y"', /expected a KMS key/],
  ['encryption in quotes', 'encrypted = "true"', /write true without quotes/],
  ['a tag of AWS', 'tags = {"AWS:x" = "1"}', /^install.ebs.tags .*not yours to set, got "AWS:x" = "1"/],
  ['a tag of ours', 'tags = {"release-agent:owner" = "i-1"}', /not yours to set/],
  ['the name', 'tags = {Name = "x"}', /not yours to set/],
  ['a number for a tag', 'tags = {CostCenter = 4711}', /values in quotes.*, got "CostCenter" = 4711/],
  ['a long key', `tags = {${'k'.repeat(129)} = "x"}`, /keys of 1 to 128/],
  ['a long value', `tags = {k = "${'v'.repeat(257)}"}`, /at most 256/],
  ['a sign', 'tags = {k = "a;b"}', /at most 256 letters/],
  [
    'too many tags',
    `tags = {${Array.from({length: 47}, (_, n) => `k${n} = "x"`).join(', ')}}`,
    /at most 46 tags.*got 47 tags/,
  ],
  ['a slow rate', 'initialization-rate = 99', /from 100 to 300/],
] as const)
  t.test(`refused: ${what}`, async t => {
    const found = problems(ebs);
    t.equal(found.length, 1, found.join('\n'));
    t.match(found[0], expected);
  });

t.test('whose snapshots are allowed has to be said where nobody knows the own account', async t => {
  const off = 'imds = "off"\nidentity = {instance = "one", region = "eu-west-1", zone = "eu-west-1a"}';
  t.match(problems('', off), [/^install.ebs.owners: expected the accounts whose snapshots are allowed/]);
  t.same(problems('owners = ["123456789012"]', off), []);
});

t.test('every name that is taken makes keys that the store takes', async t => {
  const {kind} = OPTIONS.app;
  for (const name of ['.web', '.', '..', '-web', '_', 'a.b', 'a'.repeat(64), 'a'.repeat(65), ''])
    t.equal(kind.read(name).ok, name.length < 65 && isKey(keysOf(name, 'p').desired), name);
});
