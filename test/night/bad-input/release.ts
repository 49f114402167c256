/** Releases that arrive whole and do not run: each is taken back, and what ran before is in service again. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ReleaseOptions} from '../../lab/application/releases.ts';
import type {Row} from './row.ts';
import {commitOf, withLink, withScript} from './special.ts';

const rejected = (text: string): Row['reason'] => ({
  kind: 'release.rejected-here',
  text: `{short} was tried here and taken back: ${text}`,
});

const script = (name: string, change: (folder: string) => Promise<unknown>, text: string): Row => ({
  name: `release: ${name}`,
  trigger: async lane => {
    const bad = await commitOf(lane, change);
    await lane.put('desired', bad.id);
    return bad;
  },
  reason: rejected(text),
  application: 'replaced',
});

const application = (name: string, as: 'ext4' | 'git', how: Partial<ReleaseOptions>, text: string): Row => ({
  name: `release: ${name}`,
  trigger: async lane => {
    const bad = await lane.make(as, how);
    await lane.put('desired', bad.id);
    return bad;
  },
  reason: rejected(text),
  application: 'replaced',
});

const sh = (text: string): string => `#!/bin/sh\n${text}\n`;
const code = (text: string) => (folder: string) => writeFile(join(folder, 'app.py'), text);

const FAILED = 'the script deploy/start ended with';
const BACKGROUND = 'sleep 98765 & sleep 98765 & echo "two are left" >&2; exit 4';

/** Rows about releases that fail once they are activated. */
export const RELEASE_ROWS: readonly Row[] = [
  script('no script', withScript(null), 'the release has no script deploy/start'),
  script(
    'a script that is not executable',
    withScript(sh('true'), 0o644),
    'activation failed: the script deploy/start is not executable',
  ),
  script(
    'a script that leads outside',
    withLink('/usr/bin/true'),
    'activation failed: the script deploy/start leads outside the release',
  ),
  script('a script that leads nowhere', withLink('nowhere'), 'the release has no script deploy/start'),
  script(
    'a script that is a folder',
    withLink('../deploy'),
    'activation failed: the script deploy/start is not a file',
  ),
  script(
    'a script without its interpreter',
    withScript('#!/opt/ruby\n'),
    `${FAILED} exit status 127: the program in its first line (#!) is not there`,
  ),
  script('a script that is no program', withScript('\u0000\u0001\u0002'), FAILED),
  script(
    'a script that fails',
    withScript(sh('echo hello; echo "the database is not there" >&2; exit 3')),
    `${FAILED} exit status 3: the database is not there`,
  ),
  script(
    'a script whose words steer a terminal',
    withScript(sh("printf '\\033[2Jgone\\302\\233\\n' >&2; exit 5")),
    `${FAILED} exit status 5: `,
  ),
  script(
    'a script that says a megabyte',
    withScript(sh('head -c 1000000 /dev/zero | tr "\\0" x >&2; exit 6')),
    `${FAILED} exit status 6: xxx`,
  ),
  script(
    'a script that hangs',
    withScript(sh('echo "waiting for godot"; sleep 98765')),
    'the script deploy/start was stopped after 3 s; its last line: waiting for godot',
  ),
  script(
    'a script that ignores SIGTERM',
    withScript(sh('trap "" TERM; while :; do sleep 1; done')),
    'the script deploy/start was stopped after 3 s',
  ),
  script('a script that is killed', withScript(sh('kill -KILL $$')), `${FAILED} `),
  script(
    'a script that fails and leaves children behind',
    withScript(sh(BACKGROUND)),
    `${FAILED} exit status 4: two are left`,
  ),
  script(
    'an application that is not there',
    async folder => code('')(folder).then(() => withScript(sh('rm app.py'))(folder)),
    '',
  ),
  script('an application that is no program', code('this is no python\n'), ''),
  application('an application that ends at once', 'git', {crash: true}, ''),
  application('an application that ends at once, from a snapshot', 'ext4', {crash: true}, ''),
  application(
    'an application that is never healthy',
    'git',
    {sick: true},
    'the health gate http http://127.0.0.1:8080/healthz did not pass in 5 s; last answer: ',
  ),
  application(
    'an application that starts too slowly',
    'ext4',
    {startDelayS: 60},
    'the health gate http http://127.0.0.1:8080/healthz did not pass in 5 s; last answer: ',
  ),
];
