import t from 'tap';
import {lastOwnLine} from '../../../agent/host/systemd/journal.ts';
import {isUp, parseUnit, unitText} from '../../../agent/host/systemd/systemd.ts';

// Written down from systemd 252 in a container.
const SHOWN = {
  notify: `Type=notify
Result=success
NRestarts=0
ExecMainStatus=0
Id=mute.service
LoadState=loaded
ActiveState=activating
SubState=start
Job=85
InvocationID=1235bde4ccab4ada8638fa288c0012ba
`,
  failed: `Type=exec
Result=exit-code
NRestarts=5
ExecMainStatus=3
Id=bad.service
LoadState=loaded
ActiveState=failed
SubState=failed
Job=
InvocationID=e80c465303bf4aab867b9ebca3c7eeb0
`,
  missing: `Type=
Result=success
NRestarts=0
ExecMainStatus=0
Id=nothing.service
LoadState=not-found
ActiveState=inactive
SubState=dead
Job=
InvocationID=
`,
  oneshot: `Type=oneshot
Result=success
NRestarts=0
ExecMainStatus=0
Id=once.service
LoadState=loaded
ActiveState=inactive
SubState=dead
Job=
InvocationID=
`,
  target: `Id=multi-user.target
LoadState=loaded
ActiveState=active
SubState=active
Job=
InvocationID=af15bfbea3fe4ff684c3f173cd85aaf0
`,
};

t.test('a unit whose start hangs has a job', async t => {
  const unit = parseUnit('mute.service', SHOWN.notify);
  t.match(unit, {active: 'activating', sub: 'start', type: 'notify', pending: true, restarts: 0});
  t.equal(isUp(unit), false);
  t.equal(unitText(unit), 'activating (start)');
});

t.test('a failed unit tells its result, status and restarts', async t => {
  const unit = parseUnit('bad.service', SHOWN.failed);
  t.match(unit, {active: 'failed', result: 'exit-code', exitStatus: 3, restarts: 5, pending: false});
  t.equal(isUp(unit), false);
  t.equal(unitText(unit), 'failed (exit-code, status 3)');
});

t.test('a unit that does not exist is not found', async t => {
  const unit = parseUnit('nothing.service', SHOWN.missing);
  t.equal(unit.load, 'not-found');
  t.equal(unitText(unit), 'not-found');
  t.equal(isUp(unit), false);
  t.equal(unitText(parseUnit('x.service', '')), 'unknown to systemd');
});

t.test('a oneshot that ended well is up, one in the queue is not yet', async t => {
  t.equal(isUp(parseUnit('once.service', SHOWN.oneshot)), true);
  t.equal(isUp(parseUnit('once.service', SHOWN.oneshot.replace('Job=', 'Job=9'))), false);
});

t.test('what is no service has neither type nor result', async t => {
  const unit = parseUnit('multi-user.target', SHOWN.target);
  t.match(unit, {type: '', result: '', active: 'active'});
  t.equal(isUp(unit), true);
  t.equal(unitText(unit), 'active');
});

t.test('the last line of the unit’s own processes is found between those of PID 1', async t => {
  const entry = (fields: object) => JSON.stringify(fields);
  const text = [
    entry({_PID: '77', MESSAGE: 'starting'}),
    entry({_PID: '77', MESSAGE: [110, 111, 27, 99, 111, 110, 102, 105, 103]}),
    entry({_PID: '1', MESSAGE: 'web.service: Failed with result exit-code.'}),
    'not JSON',
  ].join('\n');
  t.equal(lastOwnLine(text), 'no config');
  t.equal(lastOwnLine(''), '');
});
