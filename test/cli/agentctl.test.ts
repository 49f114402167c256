import {chmod, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {execa} from 'execa';
import t, {type Test} from 'tap';
import type {StatusReport} from '../../agent/control/protocol.ts';
import {type ServeOptions, serveControl} from '../../agent/control/server.ts';
import {reason} from '../../agent/core/reason.ts';
import {fakeControls, NEW, named, OLD, sampleReport} from '../support/sample-report.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {REPORTS} from './reports.ts';

const AGENTCTL = new URL('../../agent/agentctl.ts', import.meta.url).pathname;

const agentctl = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const {exitCode, stdout, stderr} = await execa(process.execPath, [AGENTCTL, ...args], {
    reject: false,
    extendEnv: false,
    env: {USER: 'ada', ...env},
    stdin: 'ignore',
    timeout: 30_000,
  });
  return {exitCode, stdout, stderr};
};

const host = async (t: Test, options: Partial<ServeOptions> & {report?: StatusReport} = {}) => {
  const path = join(await temporaryFolder(t), 'control.sock');
  const {report = sampleReport(), ...rest} = options;
  const {controls, requests} = fakeControls(() => report);
  const server = await serveControl({path, controls, ...rest}, new AbortController().signal);
  t.teardown(() => server.close());
  return {env: {RELEASE_AGENT_SOCKET: path}, path, requests};
};

t.test('status says how it is, and its exit code whether that is as it should be', async t => {
  const good = await host(t);
  const bad = await host(t, {report: REPORTS['taken back']});
  t.match(await agentctl(['status'], good.env), {
    exitCode: 0,
    stdout: /^runs {8}222222222222 \(generation 8\)$/m,
    stderr: '',
  });
  t.match(await agentctl(['status', '--socket', bad.path]), {
    exitCode: 4,
    stdout: /^why {9}222222222222 was tried/m,
  });
  const {exitCode, stdout} = await agentctl(['status', '--json'], bad.env);
  t.equal(exitCode, 4);
  t.same(JSON.parse(stdout), REPORTS['taken back']);
});

t.test('metrics are what the agent says', async t => {
  const {env, path} = await host(t);
  const text = '# HELP up Whether it is.\n# TYPE up gauge\nup 1';
  t.same(await agentctl(['metrics'], env), {exitCode: 0, stdout: text, stderr: ''});
  t.same(await agentctl(['metrics', '--json', '--socket', path]), {
    ...{exitCode: 0, stderr: ''},
    stdout: JSON.stringify(`${text}\n`),
  });
});

t.test('why explains, and exits with 0', async t => {
  const {env} = await host(t, {report: REPORTS['held on purpose']});
  t.match(await agentctl(['why'], env), {exitCode: 0, stdout: /"agentctl resume" lets it follow/});
  t.match(JSON.parse((await agentctl(['why', '--json'], env)).stdout), {
    text: /held by ada/,
    report: {phase: 'held'},
  });
});

t.test('requests carry who asks: the user, and the person behind sudo as a claim', async t => {
  const {env, requests} = await host(t);
  t.match(await agentctl(['hold', '--note', 'looking'], env), {exitCode: 0, stdout: 'it holds where it is'});
  t.match(await agentctl(['resume'], {...env, SUDO_USER: 'bob'}), {exitCode: 0});
  t.match(await agentctl(['retry', '--json'], env), {exitCode: 0, stdout: /^{"ok":true,"value":"it tries/});
  t.same(requests, [
    {verb: 'hold', by: named('ada'), note: 'looking'},
    {verb: 'resume', by: named('bob')},
    {verb: 'retry', by: named('ada')},
  ]);
});

t.test('leave asks until the host is out of traffic', async t => {
  const {env, requests} = await host(t);
  t.match(await agentctl(['leave'], env), {exitCode: 0, stdout: 'it is out of traffic'});
  t.same(requests, [{verb: 'leave'}, {verb: 'leave'}]);
});

t.test('a rollback says what it will do, and happens only with --yes when nobody can be asked', async t => {
  const {env, requests} = await host(t);
  t.match(await agentctl(['rollback'], env), {
    exitCode: 1,
    stderr: /goes from 222222222222 back to 111111111111.*add --yes/s,
  });
  t.same(requests, []);
  t.match(await agentctl(['rollback', '--yes'], env), {exitCode: 0, stdout: /it goes back/});
  t.same(requests, [{verb: 'rollback', by: named('ada')}]);
});

t.test('a rollback of a release that passed its gate already says where it leads', async t => {
  const report = sampleReport({phase: 'baking', purpose: 'update', target: {release: NEW, generation: 8}});
  const {env} = await host(t, {report});
  t.match(await agentctl(['rollback'], env), {stderr: /goes from 222222222222 back to 111111111111/});
});

t.test('a deploy of a branch asks for the revision that it is now', async t => {
  const {env, requests} = await host(t, {resolve: async name => (name === 'main' ? OLD : NEW)});
  const {exitCode, stderr} = await agentctl(['deploy', 'main', '-m', 'back', '--yes'], env);
  t.equal(exitCode, 0, stderr);
  t.match(
    stderr.replaceAll('\n', ' '),
    'Every host of web/production is asked to run 111111111111 (main now) instead of 222222222222',
  );
  t.match(await agentctl(['deploy', 'snap-0123456789abcdef0'], env), {exitCode: 1, stderr: /add --yes/});
  t.same(requests, [{verb: 'deploy', by: named('ada'), release: OLD, message: 'back', seen: '7'}]);
});

t.test("a deploy shows an operator's token, from a file that only they can read", async t => {
  const {env, requests} = await host(t, {});
  const file = join(await temporaryFolder(t), 'token');
  const deploy = ['deploy', NEW, '--yes'];
  await writeFile(file, 'of-an-operator\n', {mode: 0o644});
  t.match(await agentctl([...deploy, '--token-file', file], env), {
    exitCode: 1,
    stderr: /0400,\s+got\s+mode\s+0644/,
  });
  await chmod(file, 0o600);
  t.match(await agentctl([...deploy, '--token-file', file], env), {exitCode: 0});
  t.match(await agentctl(deploy, {...env, CONSUL_HTTP_TOKEN_FILE: file}), {exitCode: 0});
  t.match(requests, [{token: 'of-an-operator'}, {token: 'of-an-operator'}]);
  await writeFile(file, 'two\nsecrets');
  const {stderr, exitCode} = await agentctl([...deploy, '--token-file', file], env);
  t.equal(exitCode, 1);
  t.match(stderr.replaceAll(/\s+/g, ' '), /expected one line of printable ASCII/);
  t.notMatch(stderr, /secrets/);
  t.match(await agentctl([...deploy, '--token-file', `${file}.none`], env), {exitCode: 1, stderr: /ENOENT/});
  t.equal(requests.length, 2);
});

t.test('a deploy hands on what part of the fleet it is for, and shows what it ends', async t => {
  const {controls, requests} = fakeControls();
  const seen = {version: '9', release: 'snap-33333333', by: 'bob (7)', share: '10%', message: 'the cart'};
  const {env} = await host(t, {controls: {...controls, desired: async () => seen}});
  const args = ['deploy', NEW, '--share', '25%', '--force', 'i-1,i-2', '--yes'];
  const {exitCode, stderr} = await agentctl(args, env);
  t.equal(exitCode, 0, stderr);
  t.match(
    stderr.replaceAll('\n', ' '),
    /Of web\/production, 25% are asked .* not waited for i-1, i-2\. The rollout of snap-33333333 to 10% of the fleet \("the cart"\), which bob \(7\) began/,
  );
  const asked = {
    verb: 'deploy',
    by: named('ada'),
    release: NEW,
    share: '25%',
    force: ['i-1', 'i-2'],
    seen: '9',
  };
  t.same(requests, [asked]);
});

t.test('a refusal is on stderr with exit code 1, or as JSON', async t => {
  const {controls} = fakeControls();
  const why = reason('operator.cannot-roll-back', {cause: 'there is no previous release on this host'});
  const {env} = await host(t, {controls: {...controls, rollback: async () => ({ok: false, reason: why})}});
  t.match(await agentctl(['rollback', '--yes'], env), {
    exitCode: 1,
    stdout: '',
    stderr: /cannot go back now/,
  });
  const json = await agentctl(['deploy', 'main', '--json'], env);
  t.match(json, {exitCode: 1, stderr: ''});
  t.match(JSON.parse(json.stdout), {ok: false, refusal: {kind: 'release.kind-not-configured'}});
});

t.test('without an agent every verb says so, with exit code 3', async t => {
  const env = {RELEASE_AGENT_SOCKET: join(await temporaryFolder(t), 'control.sock')};
  for (const verb of [
    ['status'],
    ['why'],
    ['history'],
    ['hold', '--note', 'x'],
    ['rollback', '--yes'],
    ['deploy', NEW],
  ])
    t.match(
      await agentctl(verb, env),
      {exitCode: 3, stdout: '', stderr: /the agent does not answer/},
      verb.join(' '),
    );
});

t.test('wrong usage has exit code 2 and says what is missing', async t => {
  for (const [args, text] of [
    [[], /Usage: agentctl/],
    [['stauts'], /Did you mean status\?/],
    [['hold'], /--note/],
    [['deploy'], /missing required argument 'release'/],
    [['history', '-n', '0'], /whole number from 1 to 9999/],
    [['status', 'more'], /too many arguments/],
    [['status', '--nonsense'], /unknown option '--nonsense'/],
  ] as const)
    t.match(await agentctl(args), {exitCode: 2, stdout: '', stderr: text}, args.join(' '));
});

t.test('help names every verb and exit code', async t => {
  const {exitCode, stdout} = await agentctl(['--help']);
  t.equal(exitCode, 0);
  for (const word of [
    'status',
    'why',
    'history',
    'hold',
    'resume',
    'rollback',
    'retry',
    'deploy',
    'check',
    'leave',
    'Exit codes',
  ])
    t.match(stdout, word);
  t.match((await agentctl(['deploy', '--help'])).stdout, /--message.*Exit codes/s);
});

const CONFIG = `
[install.git]
url = "https://git.example/app.git"
credential-file = "/etc/release-agent/git.credential"
[activate]
units = ["web.service"]
[gate]
tcp = "127.0.0.1:8080"
`;

const image = async (t: Test, config: string): Promise<string> => {
  const root = await temporaryFolder(t);
  await mkdir(join(root, 'etc/release-agent'), {recursive: true});
  await writeFile(join(root, 'etc/release-agent/config.toml'), config);
  return root;
};

t.test('check finds what is wrong in an image, without an agent', async t => {
  const root = await image(t, CONFIG.replace('"127.0.0.1:8080"', '"localhost"\ntimeout = 30'));
  const {exitCode, stdout} = await agentctl(['check', '--root', root]);
  t.equal(exitCode, 1);
  t.match(
    stdout,
    /gate\.timeout\n {2}in .*config\.toml\n {2}expected {2}a duration.*\n.*got {7}30\n {2}hint {6}write/s,
  );
  t.match(stdout, /2 problems in the configuration$/);
});

t.test('check looks at the files that hold secrets, and takes names that tags will give', async t => {
  const root = await image(t, CONFIG);
  t.match(await agentctl(['check', '--root', root]), {
    exitCode: 1,
    stdout: /git\.credential: it is not there/,
  });
  const secret = join(root, 'etc/release-agent/git.credential');
  await writeFile(secret, 'token', {mode: 0o644});
  t.match(await agentctl(['check', '--root', root]), {exitCode: 1, stdout: /git\.credential: mode 0644/});
  await chmod(secret, 0o600);
  t.match(await agentctl(['check', '--root', root]), {
    exitCode: 0,
    stdout: /note: app has to come from the instance tag release-agent:app\n.*the configuration is usable/s,
  });
  await mkdir(join(root, 'etc/release-agent/config.d'), {recursive: true});
  await writeFile(join(root, 'etc/release-agent/config.d/tags.toml'), 'required-tags = ["channel"]');
  t.match(
    await agentctl(['check', '--root', root]),
    {exitCode: 0},
    'nobody knows yet what the instance will have',
  );
  const json = await agentctl(['check', '--root', root, '--json', '--app', 'web', '--channel', 'dev']);
  t.match(JSON.parse(json.stdout), {
    ok: true,
    problems: [],
    notes: [
      /^no signatures required: whatever is in refs\/heads\/\* or refs\/tags\/\* of https:\/\/git.example/,
    ],
  });
  t.match(await agentctl(['check', '--root', root, '--app', 'a/b']), {
    exitCode: 1,
    stdout: /the instance tag/,
  });
});

t.test('check notes how long a drain takes when nothing is said of what is spoken', async t => {
  const settings = CONFIG.replace(/credential-file.*\n/, '');
  const names = ['--app', 'web', '--channel', 'dev'];
  const checked = async (drain: string) => {
    const root = await image(t, `${settings}[traffic.drain]\n${drain}\n`);
    return agentctl(['check', '--root', root, ...names]);
  };
  t.match(await checked('port = 8080\ntimeout = "45s"'), {
    exitCode: 0,
    stdout: /note: every drain .* its whole timeout \(45 s\)/,
  });
  for (const said of ['protocol = "http1"', 'rest = "10s"', 'counter = "http://127.0.0.1:8080/n"'])
    t.notMatch((await checked(`port = 8080\n${said}`)).stdout, /note: every/, said);
});
