import t from 'tap';
import {settle} from '../../agent/activate/unit-start.ts';
import {parseUnit} from '../../agent/host/systemd/systemd.ts';

const state = (fields: Readonly<Record<string, string>>) => {
  const all = {
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    Type: 'simple',
    Result: 'success',
    InvocationID: 'new',
    Job: '',
    ...fields,
  };
  const text = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  return parseUnit('web.service', text.join('\n'));
};
const before = state({InvocationID: 'old'});
const failed = {ActiveState: 'failed', SubState: 'failed', Result: 'exit-code'};

const ROWS: readonly [string, Readonly<Record<string, string>>, ReturnType<typeof settle>][] = [
  ['a new invocation that is active', {}, 'up'],
  ['the old invocation before its job ran', {InvocationID: 'old', Job: '9'}, 'pending'],
  ['the old invocation, its job not seen', {InvocationID: 'old'}, 'pending'],
  ['a start under way', {ActiveState: 'activating', SubState: 'start', Job: '9'}, 'pending'],
  ['a stop under way', {ActiveState: 'deactivating', InvocationID: 'old', Job: '9'}, 'pending'],
  ['a restart that systemd will try again', {ActiveState: 'activating', SubState: 'auto-restart'}, 'pending'],
  ['a unit that systemd gave up', failed, 'down'],
  ['a unit that failed before and is queued again', {...failed, Job: '9'}, 'pending'],
  ['a condition that does not hold', {ActiveState: 'inactive', SubState: 'dead', InvocationID: ''}, 'down'],
  [
    'a oneshot that ended well',
    {ActiveState: 'inactive', SubState: 'dead', Type: 'oneshot', InvocationID: ''},
    'up',
  ],
  ['a oneshot that failed', {...failed, Type: 'oneshot'}, 'down'],
];

for (const [name, fields, expected] of ROWS) {
  t.test(`${name} is ${expected}`, async t => {
    t.equal(settle(state(fields), before), expected);
  });
}
