import {join} from 'node:path';
import {execa} from 'execa';
import t from 'tap';
import {ReasonError} from '../../../agent/core/reason-error.ts';
import {createResolve} from '../../../agent/install/git/resolve.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const SIGNAL = new AbortController().signal;

t.test('branches and tags of a real remote become full revisions', async t => {
  const folder = await temporaryFolder(t);
  const repository = join(folder, 'app');
  const git = async (...args: string[]) => {
    const {stdout} = await execa('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      env: {GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1'},
    });
    return stdout;
  };
  const here = ['-C', repository];
  await git('init', '-q', '-b', 'main', repository);
  await git(...here, 'commit', '-q', '--allow-empty', '-m', 'one');
  const one = await git(...here, 'rev-parse', 'HEAD');
  await git(...here, 'tag', '-a', '-m', 'tag', 'v1');
  await git(...here, 'tag', 'both');
  await git(...here, 'commit', '-q', '--allow-empty', '-m', 'two');
  const two = await git(...here, 'rev-parse', 'HEAD');
  await git(...here, 'branch', 'both');
  await git(...here, 'branch', 'feature/x');
  await git(...here, 'update-ref', 'refs/other/main', one);

  const settings = {
    git: {url: `file://${repository}`, refs: ['refs/heads/*', 'refs/tags/*'], timeoutMs: 10_000},
    stateDir: join(folder, 'state'),
  };
  const resolve = createResolve(settings);
  const refused = async (name: string) => {
    const error = await resolve(name, SIGNAL).catch((thrown: unknown) => thrown);
    return error instanceof ReasonError ? error.reason.kind : error;
  };
  t.equal(await resolve('main', SIGNAL), two);
  t.equal(await resolve('feature/x', SIGNAL), two);
  t.equal(await resolve('v1', SIGNAL), one, 'the commit, not the tag object');
  t.equal(await resolve('refs/tags/both', SIGNAL), one);
  t.equal(await refused('both'), 'release.name-ambiguous');
  t.equal(await refused('nope'), 'release.name-unknown');
  t.equal(await refused('x'), 'release.name-unknown', 'the last part of a name is not its name');
  t.equal(await refused(two.slice(0, 10)), 'release.name-unknown');

  const strict = createResolve({...settings, git: {...settings.git, refs: ['refs/tags/*']}});
  t.equal(await strict('both', SIGNAL), one, 'the branch of that name does not count');
  await t.rejects(strict('main', SIGNAL), /allows only refs\/tags/);
  const other = resolve('refs/other/main', SIGNAL);
  await t.rejects(other, /allows only refs\/heads\/\*, refs\/tags\/\*/);

  const gone = createResolve({...settings, git: {...settings.git, url: `file://${folder}/gone`}});
  await t.rejects(gone('main', SIGNAL), /does not answer/);
});
