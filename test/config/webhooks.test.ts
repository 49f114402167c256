import {chmod, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {parse} from 'smol-toml';
import t, {type Test} from 'tap';
import {checkFiles} from '../../agent/config/files.ts';
import {readFragments} from '../../agent/config/fragments/fragments.ts';
import {readSettings} from '../../agent/config/load.ts';
import {problemText} from '../../agent/config/options/problem.ts';
import type {Settings} from '../../agent/config/settings.ts';
import {EVENT_KINDS} from '../../agent/core/fleet/telling/event.ts';
import {ETC, problemsOf, root, SMALL} from './support.ts';

const DROP_IN = 'etc/release-agent/config.d/a.toml';

const settingsOf = async (t: Test, text: string, more: Readonly<Record<string, string>> = {}) => {
  const folder = await root(t, {[ETC]: SMALL, [DROP_IN]: text, ...more});
  const reading = readSettings({fragments: await readFragments(folder), tags: {}});
  if (!reading.ok) throw new Error(reading.problems.map(problemText).join('\n'));
  return {folder, settings: reading.settings};
};

t.test('webhooks are tables with names of their own, and merge like any table', async t => {
  const {settings} = await settingsOf(
    t,
    `
    [webhooks.team]
    url-file = "/etc/team.webhook"
    format = "slack"
    events = ["rollout-halted", "host-lost"]
    [webhooks.book]
    url = "http://127.0.0.1:9000/hook?a=b"
    `,
    {'etc/release-agent/config.d/b.toml': '[webhooks.team]\nformat = "json"\nca-file = "/etc/ca.pem"'},
  );
  t.same(settings.webhooks, [
    {name: 'book', url: 'http://127.0.0.1:9000/hook?a=b', format: 'json', events: EVENT_KINDS},
    {
      name: 'team',
      urlFile: '/etc/team.webhook',
      caFile: '/etc/ca.pem',
      format: 'json',
      events: ['rollout-halted', 'host-lost'],
    },
  ]);
});

const SECRET = 'https://hooks.example/T000/B000/a1b2c3';
for (const [what, text, expected] of [
  [
    'no address',
    '[webhooks.a]\nformat = "slack"',
    /webhooks.a.url-file: expected the file that holds .*got nothing/,
  ],
  ['two addresses', '[webhooks.a]\nurl = "http://a/"\nurl-file = "/b"', /webhooks.a.url-file: .*got both/],
  [
    'an unknown name',
    '[webhooks.a]\nurl_file = "/b"\nurl = "http://a/"',
    /webhooks.a.url_file .*one of url, url-file, ca-file/,
  ],
  [
    'another format',
    '[webhooks.a]\nurl = "http://a/"\nformat = "teams"',
    /webhooks.a.format .*"json" or "slack", got "teams"/,
  ],
  [
    'an unknown event',
    '[webhooks.a]\nurl = "http://a/"\nevents = ["all"]',
    /webhooks.a.events .*item 1 "rollout-started" or/,
  ],
  ['no event', '[webhooks.a]\nurl = "http://a/"\nevents = []', /webhooks.a.events .*got an empty list/],
  [
    'authorities without TLS',
    '[webhooks.a]\nurl = "http://a/"\nca-file = "/c"',
    /webhooks.a.ca-file: expected an https:/,
  ],
  [
    'no fleet to tell of',
    'coordinate = "none"\n[webhooks.a]\nurl = "http://a/"',
    /webhooks: expected coordinate = "fleet"/,
  ],
  [
    'eleven',
    Array.from({length: 11}, (_, n) => `[webhooks.w${n}]\nurl = "http://a/"`).join('\n'),
    /at most 10 webhooks, got 11/,
  ],
  ['a name that is none', '[webhooks."a b"]\nurl = "http://a/"', /webhooks: expected a name/],
  ['a secret that is no table', `webhooks.team = "${SECRET}"`, /webhooks.team .*expected a table/],
  ['secrets that are no tables', `webhooks = ["${SECRET}"]`, /webhooks .*expected a table/],
  [
    'a secret where its file belongs',
    `[webhooks.a]\nurl-file = "${SECRET}"`,
    /webhooks.a.url-file .*absolute path, got something else/,
  ],
  [
    'a secret with a password',
    `[webhooks.a]\nurl = "${SECRET.replace('//', '//u:p@')}"`,
    /webhooks.a.url .*without user/,
  ],
] as const) {
  t.test(`refused: ${what}`, async t => {
    const problems = await problemsOf(t, {[ETC]: SMALL, [DROP_IN]: text});
    t.match(problems.join('\n'), expected);
    t.notMatch(problems.join('\n'), /T000|hooks\.example/);
  });
}

t.test('metrics are served to this host alone', async t => {
  for (const good of ['127.0.0.1:9464', '127.9.0.1:1', '[::1]:9464'])
    t.equal((await settingsOf(t, `[metrics]\nlisten = "${good}"`)).settings.metrics.listen, good);
  for (const bad of ['0.0.0.0:9464', '10.0.0.1:9464', 'localhost:9464', '[::]:9464', '127.0.0.1.example:80'])
    t.match(
      await problemsOf(t, {[ETC]: SMALL, [DROP_IN]: `[metrics]\nlisten = "${bad}"`}),
      [/metrics.listen .*a loopback address and a port.*got .*for this host alone/],
      bad,
    );
  for (const bad of ['127.0.0.1', '127.0.0.1:0', ':9464', '127.0.0.1:70000', '127.0.0.300:80', '9464'])
    t.match(
      await problemsOf(t, {[ETC]: SMALL, [DROP_IN]: `[metrics]\nlisten = "${bad}"`}),
      [/metrics.listen .*a loopback address and a port/],
      bad,
    );
});

t.test('the files of webhooks are looked at like any other', async t => {
  const text = '[webhooks.a]\nurl-file = "/etc/a"\nca-file = "/etc/ca"';
  const {folder, settings} = await settingsOf(t, text, {'etc/a': SECRET, 'etc/ca': ''});
  const wrong = async (subject: Settings) => (await checkFiles(subject, folder)).map(problemText);
  const own = {...settings, activate: {...settings.activate}};
  await chmod(join(folder, 'etc/a'), 0o644);
  t.match(await wrong(own), [/webhooks.a.url-file: expected .*mode 0600 or 0400, got \/etc\/a: mode 0644/]);
  await chmod(join(folder, 'etc/a'), 0o600);
  await chmod(join(folder, 'etc/ca'), 0o666);
  t.match(await wrong(own), [/webhooks.a.ca-file: .*mode 0666/]);
  await chmod(join(folder, 'etc/ca'), 0o644);
  t.same(await wrong(own), []);
});

t.test('what the default file shows of them is right', async t => {
  const file = new URL('../../packaging/root/etc/release-agent/config.toml', import.meta.url);
  const block = /^# {3}(\[webhooks.*?)\n\n/ms.exec(await readFile(file, 'utf8'))?.[1] ?? '';
  const lines = block.split('\n').map(line => line.replace(/^# {3}/, '').replace(/ {2,}.*/, ''));
  t.equal(Object.keys((parse(lines.join('\n')) as {webhooks: {team: object}}).webhooks.team).length, 4);
  t.match((await settingsOf(t, lines.join('\n'))).settings.webhooks, [{name: 'team', format: 'slack'}]);
});
