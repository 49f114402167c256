/**
 * Every name and path that comes from outside, and what would lead elsewhere. Script paths are in test/activate/script.test.ts,
 * links in a git tree in test/install/git/hostile.test.ts, the link `current` in test/activate/current.test.ts.
 */
import {existsSync} from 'node:fs';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {readSettings} from '../../agent/config/load.ts';
import {readRequest} from '../../agent/control/request.ts';
import {readDesired} from '../../agent/core/desired.ts';
import {freshState} from '../../agent/core/host/recover.ts';
import {createRecords} from '../../agent/install/ebs/record.ts';
import {gitLayout} from '../../agent/install/git/layout.ts';
import {readMarker} from '../../agent/install/git/marker.ts';
import {writeEntry} from '../../agent/journal/entry.ts';
import {openJournal} from '../../agent/journal/journal.ts';
import {host, never, origin} from '../install/git/support.ts';
import {keptLog} from '../support/log.ts';
import {temporaryFolder} from '../support/temporary.ts';

/** None of these is a name. */
const NAMES = [
  '',
  '.',
  '..',
  '../x',
  'a/../b',
  '/etc/passwd',
  'a/b',
  '-rf',
  'a b',
  'a\nb',
  'a\n',
  'a\0b',
  '\u202eb',
  'a\u001b[2J',
  'x'.repeat(5_000),
];
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

t.test('slots and releases in a journal', async t => {
  const open = async (active: object) => {
    const stateDir = await temporaryFolder(t);
    const state = {...freshState({now: 0, random: 0}), active};
    const entry = {instance: 'i-1', boot: 'b', sequence: 1, state} as Parameters<typeof writeEntry>[0];
    await writeFile(join(stateDir, 'journal.json'), writeEntry(entry));
    const opened = await openJournal({
      stateDir,
      runDir: join(stateDir, 'run'),
      instance: 'i-1',
      boot: 'b',
      log: keptLog().log,
    });
    return opened.state?.active ?? null;
  };
  const revision = 'a'.repeat(40);
  const good = {generation: 1, slot: '1-aaaa', release: {kind: 'git', revision}};
  t.same(await open(good), good, 'a good one is read back');
  for (const slot of NAMES)
    t.equal(await open({...good, slot}), null, `slot ${JSON.stringify(slot.slice(0, 20))}`);
  for (const bad of [...NAMES, 'main', '--upload-pack=x']) {
    t.equal(
      await open({...good, release: {kind: 'git', revision: bad}}),
      null,
      `revision ${bad.slice(0, 20)}`,
    );
    t.equal(
      await open({...good, release: {kind: 'ebs', snapshot: bad}}),
      null,
      `snapshot ${bad.slice(0, 20)}`,
    );
  }
});

t.test('a record of a volume is of the slot that its file is named after', async t => {
  const folder = await temporaryFolder(t);
  const records = createRecords({folder, instance: 'i-1', log: keptLog().log});
  const record = {
    format: 1 as const,
    instance: 'i-1',
    slot: 'one',
    snapshot: 'snap-0123456789abcdef0',
    attempt: 1,
    volume: 'vol-0123456789abcdef0',
    device: null,
    complete: true,
    removing: false,
  };
  await records.write(record);
  t.same(await records.list(), [record]);
  const text = await readFile(join(folder, 'one.slot.json'), 'utf8');
  await writeFile(join(folder, 'two.slot.json'), text);
  for (const name of NAMES.filter(name => name !== ''))
    await writeFile(join(folder, 'three.slot.json'), text.replace('"one"', JSON.stringify(name))).then(
      async () => t.same(await records.list(), [record], `slot ${JSON.stringify(name.slice(0, 20))}`),
    );
});

t.test('the marker of a git slot never leads a clean-up out of the slots', async t => {
  const app = await origin(t);
  const revision = app.commit({a: 'a'});
  const {stateDir, installer, slot} = await host(t, {url: app.url});
  const one = slot('one', revision);
  await installer.stage(one, never);
  const precious = await temporaryFolder(t);
  await writeFile(join(precious, 'file'), 'precious');
  const layout = gitLayout({stateDir, url: app.url});
  await mkdir(layout.markers, {recursive: true});
  const aims = [
    precious,
    stateDir,
    join(stateDir, 'slots'),
    join(stateDir, 'slots', 'two', '..', 'one'),
    one.directory,
    '',
  ];
  for (const directory of aims)
    for (const name of ['two', '..', '../../x', 'one'])
      if (!(name === 'one' && directory === one.directory))
        await writeFile(
          join(layout.markers, 'two.json'),
          JSON.stringify({slot: name, revision, directory, at: 1}),
        ).then(async () => {
          t.equal(await readMarker(layout, 'two'), null, `${name} at ${directory.slice(-20)}`);
          await installer.prune([one], never);
          t.ok(existsSync(join(precious, 'file')) && existsSync(join(one.directory, 'a')), 'all is there');
        });
});
