/**
 * Every name and path that people write, and what would lead elsewhere. What is read back from files is in
 * hostile-files.test.ts, script paths are in test/activate/script.test.ts.
 */
import t from 'tap';
import {readSettings} from '../../agent/config/load.ts';
import {readRequest} from '../../agent/control/request.ts';
import {readDesired} from '../../agent/core/desired.ts';
import {NAMES} from './hostile.ts';

/** Where a name is only a part of a key it may begin with a dash. */
const WORDS = NAMES.filter(name => name !== '-rf');
/** None of these is an absolute path that stays where it says. */
const PATHS = [
  '',
  '.',
  'x',
  '../x',
  '/',
  '/a/../b',
  '/a/..',
  '//a',
  '/a//b',
  '/a/./b',
  '/a\nb',
  '/a\0b',
  `/${'x'.repeat(5_000)}`,
];
/** None of these stays inside the release. */
const INNER = ['', '..', '../x', 'a/../../b', '/bin/sh', 'a/..', 'a\nb', 'a\0b', 'a/', 'x'.repeat(5_000)];

const BASE: Readonly<Record<string, unknown>> = {
  app: 'web',
  channel: 'production',
  imds: 'off',
  identity: {instance: 'i-1'},
  install: {git: {url: 'file:///srv/app.git'}},
  activate: {units: ['web.service'], script: 'deploy/start'},
  gate: {tcp: '127.0.0.1:8080'},
};

const read = (table: Readonly<Record<string, unknown>>, tags = {}) =>
  readSettings({fragments: {fragments: [{file: 'config.toml', table}], problems: []}, tags});

const isRefused = (option: string, value: unknown): boolean => {
  const table = structuredClone(BASE) as Record<string, unknown>;
  const steps = option.split('.');
  let at = table;
  for (const step of steps.slice(0, -1)) {
    at[step] ??= {};
    at = at[step] as Record<string, unknown>;
  }
  at[steps.at(-1) ?? ''] = value;
  const reading = read(table);
  return !reading.ok && reading.problems.some(({name}) => name === option);
};

const OPTIONS: readonly (readonly [string, readonly string[]])[] = [
  ['app', WORDS],
  ['channel', WORDS],
  ['role', WORDS],
  ['identity.instance', WORDS],
  ['seed', [...NAMES, 'main', 'snap-1', '--upload-pack=x']],
  ['state-dir', PATHS],
  ['run-dir', PATHS],
  ['activate.path', PATHS],
  ['consul.token-file', PATHS],
  ['consul.ca-file', PATHS],
  ['consul.cert-file', PATHS],
  ['consul.key-file', PATHS],
  ['install.git.credential-file', PATHS],
  ['install.git.ssh-key-file', PATHS],
  ['install.git.known-hosts-file', PATHS],
  ['install.git.allowed-signers-file', PATHS],
  ['install.git.gpg-home', PATHS],
  [
    'install.git.group',
    ['', '-R', 'a:b', 'a b', '../x', '/x', 'a\n', 'a\0', '4294967295', '99999999999', 'x'.repeat(80)],
  ],
  ['traffic.consul.token-file', PATHS],
  ['activate.script', INNER],
  [
    'gate.unit',
    [
      ...NAMES,
      '../x.service',
      '/x.service',
      '-x.service',
      'x y.service',
      'x.service\n',
      `${'x'.repeat(300)}.service`,
    ],
  ],
  [
    'install.git.url',
    [
      'ext::sh -c x',
      '/srv/app.git',
      '-oProxyCommand=x',
      'file://\n',
      'ssh://-oProxyCommand=x/y',
      'https://u:p@h/x',
    ],
  ],
  ['install.git.proxy-credential-file', PATHS],
  [
    'install.git.proxy',
    ['http://u:p@h:1', 'ftp://h:1', 'http://h:1/path', 'socks5://-x:1', 'x', 'http://h:1\n', 'http://h'],
  ],
  [
    'install.git.refs',
    [
      'main',
      'refs/',
      'refs/heads/../x',
      'refs/heads/*:refs/x',
      '+refs/heads/x',
      'refs/*/x/*',
      'refs/heads/x.lock',
      'refs/heads/a b',
      'refs/heads/x\n',
      'refs/heads//x',
    ],
  ],
  ['install.ebs.endpoint', ['file:///etc/passwd', 'http://u:p@h', 'x']],
];

t.test('configuration', async t => {
  t.ok(read(BASE).ok, 'what is changed is fine otherwise');
  for (const [option, values] of OPTIONS)
    t.same(
      values.filter(value => !isRefused(option, value)).map(value => value.slice(0, 40)),
      [],
      option,
    );
  const units = ['../x.service', '-x.service', 'x'];
  t.same(
    units.filter(unit => !isRefused('activate.units', [unit])),
    [],
    'activate.units',
  );
});

t.test('instance tags', async t => {
  for (const name of WORDS) {
    const reading = read(BASE, {'release-agent:app': name});
    // an empty tag is none, blanks around a name are not part of it
    const app = reading.ok ? reading.settings.app : 'refused';
    t.ok(['refused', 'web', 'a'].includes(app), JSON.stringify(name.slice(0, 20)));
  }
});

t.test('the desired release', async t => {
  const accepted = [...NAMES, 'main', 'snap-1', 'deadbeef', '--upload-pack=x', 's3://b/../k#sha256=x'].filter(
    text => readDesired(text, '1').ok,
  );
  t.same(accepted, []);
});

t.test('what is asked on the control socket', async t => {
  const accepts = (request: object): boolean => {
    try {
      readRequest(JSON.stringify(request));
      return true;
    } catch {
      return false;
    }
  };
  t.ok(accepts({verb: 'resolve', name: 'main'}));
  const refs = [...NAMES.filter(name => name !== 'a/b'), '--upload-pack=x', 'a..b', 'a@{1}', '/a', '.a'];
  t.same(
    refs.filter(name => accepts({verb: 'resolve', name})),
    [],
  );
  t.same(
    [...NAMES, 'main'].filter(release => accepts({verb: 'deploy', by: 'me', release})),
    [],
  );
});
