/** Repositories on this host that belong to somebody else than who runs git, which git refuses unless they are named. */
import {execFileSync, spawnSync} from 'node:child_process';
import {existsSync, readFileSync, renameSync, symlinkSync} from 'node:fs';
import {dirname, join} from 'node:path';
import process from 'node:process';
import t, {type Test} from 'tap';
import {checkRemote} from '../../../agent/install/git/check.ts';
import {createResolve} from '../../../agent/install/git/resolve.ts';
import {unmet} from '../../support/needs.ts';
import {reasonFrom} from '../../support/reason-from.ts';
import {temporaryFolder} from '../../support/temporary.ts';
import {expectedTree, git, host, kindOf, never, type Origin, origin, treeOf} from './support.ts';

const skip = unmet('root');
const SOMEBODY = '12345:12345';

const giveAway = (path: string): void => {
  execFileSync('chown', ['-R', SOMEBODY, path]);
};

/** A repository with a release that is no tip, so that its history is asked for as well; bare at these places. */
const setUp = async (t: Test) => {
  const app = await origin(t);
  const revision = app.commit({a: 'a'});
  app.commit({a: 'b'});
  const expected = expectedTree(app.path, revision);
  const folder = dirname(app.path);
  const bare = join(folder, `it's 100% "odd".git`);
  git(folder, 'clone', '-q', '--bare', app.path, bare);
  symlinkSync(bare, join(folder, 'link'));
  giveAway(folder);
  execFileSync('chown', ['--no-dereference', SOMEBODY, join(folder, 'link')]);
  return {app, folder, revision, expected};
};

const stages = async (t: Test, url: string, {revision, expected}: {revision: string; expected: string}) => {
  const {installer, slot} = await host(t, {url});
  const kind = await kindOf(installer.stage(slot('one', revision), never));
  if (kind === 'no error') t.equal(treeOf(slot('one', revision).directory), expected, url);
  return kind;
};

t.test('the repository that the configuration names is read, whoever it belongs to', {skip}, async t => {
  const {app, folder, ...release} = await setUp(t);
  const odd = encodeURIComponent(`it's 100% "odd"`);
  const places = [app.path, `${app.path}/`, `${app.path}/.git`, `${folder}/${odd}.git`, `${folder}/${odd}`];
  for (const place of [...places, `${folder}/link`, `${folder}//origin`])
    t.equal(await stages(t, `file://${place}`, release), 'no error', place);
  const settings = {url: app.url, refs: ['refs/heads/*'], timeoutMs: 10_000};
  const stateDir = await temporaryFolder(t);
  t.same(await checkRemote({git: settings, stateDir}, never), ['refs/heads/main']);
  t.equal(await createResolve({git: settings, stateDir})('main', never), revisionOfMain(app));
});

t.test('no other repository of that owner is', {skip}, async t => {
  const {app, folder, revision, expected} = await setUp(t);
  const {installer, slot, stateDir} = await host(t, app);
  await installer.stage(slot('one', revision), never);
  t.equal(treeOf(slot('one', revision).directory), expected);
  const env = {...process.env, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: join(stateDir, 'git/gitconfig')};
  const ask = (url: string) => spawnSync('git', ['ls-remote', url], {env, cwd: '/', encoding: 'utf8'});
  t.equal(ask(app.url).status, 0);
  t.match(ask(`file://${folder}/link`).stderr, /dubious ownership/);
});

t.test('a name that cannot be written into a configuration of git is refused as before', {skip}, async t => {
  const {folder, app, revision} = await setUp(t);
  renameSync(app.path, join(folder, 'two\nlines'));
  const {installer, slot} = await host(t, {url: `file://${folder}/two%0Alines`});
  const why = await reasonFrom(installer.stage(slot('one', revision), never));
  t.match(why, {kind: 'git.unreachable', details: {cause: /dubious ownership/}});
});

t.test('no program that the repository names is run', {skip}, async t => {
  const app = await origin(t);
  const revision = app.commit({a: 'a'});
  const expected = expectedTree(app.path, revision);
  const blob = git(app.path, 'rev-parse', 'HEAD:a');
  const ran = join(await temporaryFolder(t), 'ran');
  const program = `touch ${ran}; false`;
  const named = [
    'uploadpack.packObjectsHook',
    'core.fsmonitor',
    'core.alternateRefsCommand',
    'core.sshCommand',
  ];
  // of an object that is not there such a repository asks its own remote
  const options = [...named, 'remote.o.uploadpack', 'core.pager', 'gpg.program'].map(name => [name, program]);
  const partial = [
    ['remote.o.promisor', 'true'],
    ['remote.o.url', dirname(app.path)],
  ];
  for (const [name = '', value = ''] of [...options, ...partial]) git(app.path, 'config', name, value);
  giveAway(app.path);
  t.equal(await stages(t, app.url, {revision, expected}), 'no error');
  execFileSync('rm', [join(app.path, '.git/objects', blob.slice(0, 2), blob.slice(2))]);
  t.equal(await stages(t, app.url, {revision, expected: ''}), 'git.remote-damaged');
  t.notOk(existsSync(ran));
});

const revisionOfMain = ({path}: Origin): string =>
  readFileSync(join(path, '.git/refs/heads/main'), 'utf8').trim();
