import {chmodSync, readdirSync, writeFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import t, {type Test} from 'tap';
import {gitPart} from '../../../agent/cli/check/git.ts';
import {runParts} from '../../../agent/cli/check/run.ts';
import type {GitSettings, Settings} from '../../../agent/config/settings.ts';
import {serveGit} from '../../install/git/http.ts';
import {origin} from '../../install/git/support.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const HEADS = ['refs/heads/*'];
const AUTHORIZATION = `Basic ${Buffer.from('deploy:right').toString('base64')}`;

/** A remote over http that wants a password, and what the check says of it; the state folder is empty before and after. */
const setUp = async (t: Test) => {
  const app = await origin(t);
  app.commit({a: 'a'});
  const {url} = await serveGit(t, dirname(app.path), {authorization: AUTHORIZATION});
  const stateDir = await temporaryFolder(t);
  const credentialFile = join(await temporaryFolder(t), 'credential');
  writeFileSync(credentialFile, 'deploy:right\n', {mode: 0o600});
  const given = {url: `${url}/${basename(app.path)}`, credentialFile, refs: HEADS, timeoutMs: 10_000};
  const examine = async (more: Partial<GitSettings> = {}) => {
    const settings = {install: {git: {...given, ...more}}, stateDir} as unknown as Settings;
    const outcome = await runParts([gitPart], {settings, root: '/'});
    t.same(readdirSync(stateDir), [], 'nothing is left behind');
    return outcome;
  };
  return {credentialFile, examine};
};

t.test('a remote that can be read is fine, whichever references are asked for', async t => {
  const {examine} = await setUp(t);
  t.strictSame(await examine(), {problems: [], notes: [], checked: ['the git remote']});
  t.match(await examine({refs: []}), {problems: [], notes: []});
});

t.test('a remote that has none of the references is a problem', async t => {
  const {examine} = await setUp(t);
  t.match(await examine({refs: ['refs/tags/*', 'refs/heads/releases/*']}), {
    problems: [{name: 'install.git.refs', got: 'refs/tags/*, refs/heads/releases/*: it has none of these'}],
  });
});

t.test('credentials that are refused, or lie open, are a problem', async t => {
  const {credentialFile, examine} = await setUp(t);
  chmodSync(credentialFile, 0o644);
  t.match(await examine(), {problems: [{name: 'install.git.url', got: /0644/}]});
  chmodSync(credentialFile, 0o600);
  writeFileSync(credentialFile, 'deploy:wrong');
  const {problems, notes} = await examine();
  t.match(problems, [{name: 'install.git.url', got: /refuse/}]);
  t.same(notes, []);
  t.notMatch(JSON.stringify(problems), /deploy:wrong/);
});

t.test('a remote that does not answer is only noted', async t => {
  const {examine} = await setUp(t);
  const {problems, notes} = await examine({url: 'http://127.0.0.1:1/app'});
  t.same(problems, []);
  t.match(notes, [/the git remote: not checked: .*does not answer/]);
});
