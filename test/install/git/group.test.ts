/** Releases that only one group of the host may read (`install.git.group`). */
import {execFileSync, spawnSync} from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import process from 'node:process';
import t, {type Test} from 'tap';
import {closeTree} from '../../../agent/install/git/tree/access.ts';
import type {Slot} from '../../../agent/ports.ts';
import {unmet} from '../../support/needs.ts';
import {reasonFrom} from '../../support/reason-from.ts';
import {temporaryFolder} from '../../support/temporary.ts';
import {expectedTree, host, kindOf, never, origin, treeOf} from './support.ts';

const skip = unmet('root');
const GROUP = 54_321;
const OTHER = 54_322;

/** A repository, a state folder that others may pass through, and installers on it without and with the option. */
const setUp = async (t: Test) => {
  const app = await origin(t);
  const one = app.commit({secret: 's', 'lib/a': 'a'});
  const two = app.commit({secret: 't'});
  const stateDir = await temporaryFolder(t);
  chmodSync(stateDir, 0o755);
  const withGroup = (group: string) => host(t, {url: app.url, group}, stateDir);
  return {
    app,
    one,
    two,
    stateDir,
    open: await host(t, app, stateDir),
    closed: await withGroup(`${GROUP}`),
    withGroup,
  };
};

const accessOf = (path: string): string => {
  const {uid, gid, mode} = lstatSync(path);
  return `${uid}:${gid} ${(mode & 0o7777).toString(8)}`;
};
const OPEN = '0:0 755';
const CLOSED = `0:${GROUP} 750`;

/** What a user of this group has of a file: its content, or why not. */
const readBy = (gid: number, path: string): string => {
  const {stdout, stderr} = spawnSync('cat', [path], {uid: 12_345, gid, encoding: 'utf8', cwd: '/'});
  return stdout || (/Permission denied/.exec(stderr)?.[0] ?? stderr);
};

const runs = (stateDir: string, slot: string): void => {
  rmSync(join(stateDir, 'current'), {force: true});
  symlinkSync(`slots/${slot}`, join(stateDir, 'current'));
};

t.test('who is in the group reads a release by the link, others do not', {skip}, async t => {
  const {app, one, two, stateDir, closed} = await setUp(t);
  await closed.installer.stage(closed.slot('one', one), never);
  await closed.installer.prune([closed.slot('one', one)], never);
  t.ok(existsSync(join(stateDir, 'git/spare')));
  await closed.installer.stage(closed.slot('two', two), never);
  runs(stateDir, 'two');
  const link = join(stateDir, 'release');
  symlinkSync(join(stateDir, 'current'), link);
  t.equal(readBy(GROUP, join(link, 'secret')), 't');
  t.equal(readBy(OTHER, join(link, 'secret')), 'Permission denied');
  for (const slot of ['one', 'two']) t.equal(accessOf(join(stateDir, 'slots', slot)), CLOSED, slot);
  t.equal(accessOf(join(stateDir, 'slots')), OPEN);
  t.equal(treeOf(join(stateDir, 'slots/two')), expectedTree(app.path, two));
});

t.test(
  'the mirror, indexes and trees in the making are nobody else to read, also where they were',
  {skip},
  async t => {
    const {one, stateDir, open} = await setUp(t);
    mkdirSync(join(stateDir, 'git'), {mode: 0o755});
    await open.installer.stage(open.slot('one', one), never);
    await open.installer.prune([open.slot('one', one)], never);
    for (const name of readdirSync(join(stateDir, 'git'), {recursive: true, encoding: 'utf8'})) {
      const path = join(stateDir, 'git', name);
      if (lstatSync(path).isFile()) t.equal(readBy(OTHER, path), 'Permission denied', name);
    }
    t.equal(readBy(OTHER, join(stateDir, 'slots/one/secret')), 's', 'without the option a slot is open');
  },
);

t.test(
  'a group that the host does not have is said, and nothing is fetched or taken away',
  {skip},
  async t => {
    const {app, one, two, stateDir, open, withGroup} = await setUp(t);
    await open.installer.stage(open.slot('one', one), never);
    renameSync(app.path, `${app.path}-away`);
    const {installer, slot} = await withGroup('no-such-group');
    const {kind, details} = await reasonFrom(installer.stage(slot('two', two), never));
    t.strictSame(
      [kind, details],
      ['git.group', {group: 'no-such-group', cause: 'this host has no such group'}],
    );
    t.equal(
      await kindOf(installer.stage(slot('one', one), never)),
      'no error',
      'the way back needs no group',
    );
    await installer.prune([slot('one', one)], never);
    t.equal(accessOf(join(stateDir, 'slots/one')), OPEN);
  },
);

t.test('a group by its name', {skip}, async t => {
  const {one, withGroup, stateDir} = await setUp(t);
  const name = execFileSync('getent', ['group', '2'], {encoding: 'utf8'}).split(':')[0] ?? '';
  const {installer, slot} = await withGroup(name);
  await installer.stage(slot('one', one), never);
  t.equal(accessOf(join(stateDir, 'slots/one')), '0:2 750');
});

t.test('a crash before or after the marker leaves no slot that is open', {skip}, async t => {
  const {one, two, stateDir, open, closed} = await setUp(t);
  for (const [name, revision] of [
    ['one', one],
    ['two', two],
  ] as const) {
    await open.installer.stage(open.slot(name, revision), never);
    mkdirSync(join(stateDir, 'git/staging', name));
    renameSync(join(stateDir, 'slots', name), join(stateDir, 'git/staging', name, 'tree'));
  }
  rmSync(join(stateDir, 'git/slots/two.json'));
  await closed.installer.stage(closed.slot('one', one), never);
  await closed.installer.stage(closed.slot('two', two), never);
  t.equal(accessOf(join(stateDir, 'slots/one')), CLOSED);
  t.equal(accessOf(join(stateDir, 'slots/two')), CLOSED);
});

t.test('a slot that is restored stays closed, and is the same to its index', {skip}, async t => {
  const {one, stateDir, closed} = await setUp(t);
  await closed.installer.stage(closed.slot('one', one), never);
  await closed.installer.stage(closed.slot('one', one), never);
  t.same(closed.said(), []);
  writeFileSync(join(stateDir, 'slots/one/secret'), 'other');
  await closed.installer.stage(closed.slot('one', one), never);
  t.match(closed.said(), [/are restored: "secret"$/]);
  t.equal(accessOf(join(stateDir, 'slots/one')), CLOSED);
  t.equal(readBy(GROUP, join(stateDir, 'slots/one/secret')), 's');
});

t.test(
  'what was staged before stays open as the way back, until a closed release serves',
  {skip},
  async t => {
    const {one, two, stateDir, open, closed} = await setUp(t);
    const [zero, first, second] = [
      closed.slot('zero', one),
      closed.slot('one', one),
      closed.slot('two', two),
    ];
    for (const slot of [zero, first]) await open.installer.stage(slot, never);
    runs(stateDir, 'one');
    await closed.installer.stage(second, never);
    const stay = async (what: string, ...keep: readonly Slot[]) => {
      await closed.installer.stage(zero, never);
      await closed.installer.prune(keep, never);
      for (const {directory} of [zero, first]) t.equal(accessOf(directory), OPEN, what);
    };
    await stay('an open one serves', first, zero, second);
    await stay('what the closed one is about to be replaced with', second, zero, first);
    runs(stateDir, 'two');
    await stay('the closed one has not passed its gate', first, zero, second);
    await closed.installer.prune([second, zero, first], never);
    for (const {directory} of [zero, first]) t.equal(accessOf(directory), CLOSED);
    t.same(closed.said(), []);
  },
);

t.test('an agent that is neither root nor in the group says so', {skip}, async t => {
  const folder = await temporaryFolder(t);
  execFileSync('chown', ['12345', folder]);
  process.seteuid?.(12_345);
  const given = closeTree(folder, {group: 'web', number: GROUP});
  const {kind, details} = await reasonFrom(given).finally(() => process.seteuid?.(0));
  t.equal(kind, 'git.group');
  t.match(details, {group: 'web', cause: /not permitted/});
  t.equal(lstatSync(folder).mode & 0o777, 0o700);
});
