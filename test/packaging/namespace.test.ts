/** The agent in its sandbox drains an application that has a network namespace of its own. */
import process from 'node:process';
import t from 'tap';
import {packageForLab} from '../lab/image/package.ts';
import {eventually} from '../support/eventually.ts';
import {unmet} from '../support/needs.ts';
import {startHost} from './host-with-script.ts';

const NSENTER = 'exec nsenter -t "$(systemctl show --property=MainPID --value web)" -n "$@"';
const askIn = (path: string) =>
  `import urllib.request as u; print(u.urlopen("http://127.0.0.1:8080${path}", timeout=60).read().decode(), end="")`;

t.test('PrivateNetwork=', {skip: unmet('root', 'debian'), timeout: 300_000}, async t => {
  const {machine, inside, give, serving} = await startHost(t, {
    name: `net-${process.pid % 10_000}`,
    deb: await packageForLab(),
    script: '#!/bin/sh\n',
    configure: text =>
      text.replace(/^http = .*\n/m, '').replace('timeout = "2s", quiet', 'timeout = "30s", quiet'),
    files: {
      '/etc/systemd/system/web.service.d/own.conf': '[Service]\nPrivateNetwork=yes\nKillSignal=SIGKILL\n',
    },
  });
  const within = (...argv: string[]) =>
    machine.exec(['sh', '-c', NSENTER, 'sh', ...argv], {timeoutMs: 90_000});
  const ask = (path: string) => within('python3', '-c', askIn(path));
  t.teardown(async () => {
    if (!t.passing()) t.comment((await machine.journal('release-agentd.service')).slice(-6_000));
  });
  await serving('first');
  const answers = async () => {
    await within('ip', 'link', 'set', 'lo', 'up'); // in a container of the lab systemd leaves that undone
    const {code, stderr} = await ask('/');
    if (code !== 0) throw new Error(stderr);
    return true;
  };
  await eventually('its first answer', answers, {timeoutMs: 30_000, everyMs: 200});
  t.notMatch(await inside('ss', '-tnlH'), ':8080', 'nothing is to be seen from outside');
  const asked = ask('/slower');
  await give('second', '#!/bin/sh\n');
  t.match(await asked, {code: 0, stdout: 'first'}, 'the request in flight was answered');
  await serving('second');
  const status = JSON.parse(await inside('agentctl', 'status', '--json'));
  t.same(status.cut, []);
  t.notMatch(
    await inside('systemctl', 'list-units', '--all', '--plain', '--no-legend'),
    'release-agent-drain',
  );
});
