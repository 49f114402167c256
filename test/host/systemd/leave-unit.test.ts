import t from 'tap';
import {leaveArguments} from '../../../agent/host/systemd/leave-unit.ts';

t.test('the unit comes before all that a request needs, and has the time of the drain', async t => {
  const text = leaveArguments({units: ['web.service', 'a\\x2db.service'], drainMs: 30_000}).join('\n');
  t.match(
    text,
    /^--property=After=release-agentd\.service release-agent-slots\.target consul\.service .* web\.service a\\\\x2db\.service$/m,
  );
  t.match(text, /^--property=TimeoutStopSec=75$/m);
  t.match(text, /^--property=ExecStop=-\/usr\/bin\/agentctl leave$/m);
  t.match(text, /^--description=.* within 75 s, before web\.service, before a\\x2db\.service$/m);
});
