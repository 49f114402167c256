/** The rights that AMI.md tells people to give: valid JSON, enough for every call that is made, and for no other. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {ACTIONS} from '../../agent/host/ec2/actions.ts';
import {volumeTags} from '../../agent/install/ebs/volume/tags.ts';

interface Statement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const page = await readFile(join(import.meta.dirname, '../../AMI.md'), 'utf8');
const policies = [...page.matchAll(/```json\n(\{"Version"[\s\S]*?)```/g)].map(([, text = '']) => {
  const {Version, Statement} = JSON.parse(text) as {Version: string; Statement: readonly Statement[]};
  return {Version, statements: Statement};
});
const statements = policies.flatMap(policy => policy.statements);
const actionsOf = ({Action}: Statement): readonly string[] => [Action].flat();
const allowing = (action: string) => statements.filter(each => actionsOf(each).includes(action));

t.test('the page has two policies, of statements that only allow', async t => {
  t.same(
    policies.map(({Version}) => Version),
    ['2012-10-17', '2012-10-17'],
  );
  for (const {Effect} of statements) t.equal(Effect, 'Allow');
  const sids = statements.map(({Sid}) => Sid);
  t.same(
    sids,
    [...new Set(sids)].filter(sid => /^[A-Za-z0-9]+$/.test(sid)),
  );
});

t.test('every call that the agent makes is allowed, and nothing of EC2 that it does not call', async t => {
  const called = [...Object.keys(ACTIONS).map(action => `ec2:${action}`), 'ec2:CreateTags'];
  const allowed = new Set(statements.flatMap(actionsOf).filter(action => action.startsWith('ec2:')));
  t.same([...allowed].toSorted(), called.toSorted());
});

t.test('what can be bound to resources is, in any partition, and under a condition', async t => {
  for (const each of statements.filter(({Sid}) => Sid !== 'Look')) {
    for (const resource of [each.Resource].flat())
      t.match(resource, /^arn:(?:\*:ec2:\*:|aws:kms:)/, each.Sid);
    if (each.Sid !== 'UseTheKey') t.ok(each.Condition, each.Sid);
  }
  for (const action of actionsOf(allowing('ec2:DescribeVolumes')[0] as Statement))
    t.match(action, /^ec2:Describe/);
});

t.test('both resources of a call are allowed', async t => {
  const kinds = (action: string) =>
    allowing(action).map(({Resource}) => String(Resource).split(/[:/]/).at(-2));
  t.same(kinds('ec2:CreateVolume').toSorted(), ['snapshot', 'volume']);
  t.same(kinds('ec2:AttachVolume').toSorted(), ['instance', 'volume']);
  t.same(kinds('ec2:DetachVolume').toSorted(), ['instance', 'volume']);
  for (const action of ['ec2:AttachVolume', 'ec2:DetachVolume']) {
    const own = allowing(action).find(({Resource}) => String(Resource).includes(':instance/'));
    t.match(JSON.stringify(own?.Condition), /\$\{ec2:SourceInstanceARN\}/, 'at no other instance');
  }
});

t.test('the keys of tags are those that the agent sets', async t => {
  const identity = {instance: 'i-1', zone: 'a', region: 'r', account: '1'};
  const tags = volumeTags({app: 'web', identity}, {slot: 's', snapshot: 'snap-1', attempt: 1});
  const condition = allowing('ec2:CreateVolume').flatMap(
    each => each.Condition?.['ForAllValues:StringEquals']?.['aws:TagKeys'] ?? [],
  );
  t.same(condition.toSorted(), Object.keys(tags).toSorted());
});

t.test('a key of KMS may be used by EC2, for AWS resources only', async t => {
  for (const action of [
    'DescribeKey',
    'Decrypt',
    'ReEncrypt*',
    'GenerateDataKeyWithoutPlaintext',
    'CreateGrant',
  ])
    t.equal(allowing(`kms:${action}`).length, 1, action);
  t.same(allowing('kms:CreateGrant')[0]?.Condition, {Bool: {'kms:GrantIsForAWSResource': 'true'}});
});
