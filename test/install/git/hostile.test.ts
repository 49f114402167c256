import {execFileSync} from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import t from 'tap';
import {temporaryFolder} from '../../support/temporary.ts';
import {expectedTree, git, host, kindOf, mirrorOf, never, type Origin, origin, treeOf} from './support.ts';

t.test('attributes of the tree change no byte and run no program', async t => {
  const app = await origin(t);
  const trap = join(await temporaryFolder(t), 'trap');
  const attributes = [
    '*.crlf text eol=crlf',
    '*.auto text=auto',
    '*.ident ident',
    '*.utf16 working-tree-encoding=UTF-16',
    '*.bad working-tree-encoding=no-such-encoding',
    'hidden export-ignore',
    'subst export-subst',
    '*.filtered filter=evil',
    '[attr]everything text eol=crlf ident filter=evil',
    '*.all everything',
  ];
  git(app.path, 'config', 'core.safecrlf', 'false');
  const files = {
    'a.crlf': 'one\ntwo\n',
    'a.auto': 'x\r\ny\n',
    'a.ident': '$Id$\n',
    'a.utf16': 'text',
    'a.bad': 'text',
    'a.all': '$Id$\n',
  };
  app.commit({
    ...files,
    hidden: 'hidden',
    subst: '$Format:%H$',
    'a.filtered': 'filtered',
    'sub/b.crlf': 'one\n',
  });
  git(app.path, 'config', 'core.attributesFile', '/dev/null');
  const revision = commitAttributes(app, `${attributes.join('\n')}\n`);
  const {installer, slot, stateDir} = await host(t, app);
  await installer.stage(slot('one', revision), never);
  t.equal(treeOf(slot('one', revision).directory), expectedTree(app.path, revision));
  // Even a mirror with drivers and hooks in its own configuration runs none of them.
  const evil = `sh -c 'touch ${trap}; cat'`;
  for (const [key, value] of [
    ['filter.evil.smudge', evil],
    ['filter.evil.process', evil],
    ['core.hooksPath', join(mirrorOf(stateDir), 'hooks')],
    ['core.fsmonitor', evil],
    ['core.sshCommand', evil],
    ['core.gitProxy', evil],
    ['credential.helper', `!${evil}`],
    ['gpg.ssh.program', evil],
  ] as const)
    git(mirrorOf(stateDir), 'config', key, value);
  mkdirSync(join(mirrorOf(stateDir), 'hooks'));
  for (const hook of [
    'post-checkout',
    'post-index-change',
    'reference-transaction',
    'pre-auto-gc',
    'post-merge',
  ])
    writeFileSync(join(mirrorOf(stateDir), 'hooks', hook), `#!/bin/sh\ntouch ${trap}\n`, {mode: 0o755});
  const next = app.commit({'a.filtered': 'filtered again', plain: 'plain'});
  await installer.stage(slot('two', next), never);
  await installer.prune([slot('two', next)], never);
  t.equal(treeOf(slot('two', next).directory), expectedTree(app.path, next));
  t.notOk(existsSync(trap));
});

t.test('hooks and files that look like configuration are plain content', async t => {
  const app = await origin(t);
  const trap = join(await temporaryFolder(t), 'trap');
  const hook = `#!/bin/sh\ntouch ${trap}\n`;
  app.commit({
    'hooks/post-checkout': hook,
    '.githooks/post-checkout': hook,
    config: `[core]\n\tfsmonitor = touch ${trap}\n`,
    HEAD: 'ref: refs/heads/main\n',
    'objects/x': '',
    'refs/x': '',
  });
  chmodSync(join(app.path, 'hooks/post-checkout'), 0o755);
  const revision = app.commit({});
  mkdirSync(join(app.path, '.git/hooks'), {recursive: true});
  for (const name of ['post-update', 'post-checkout', 'pre-receive'])
    writeFileSync(join(app.path, '.git/hooks', name), hook, {mode: 0o755});
  const {installer, slot} = await host(t, app);
  await installer.stage(slot('one', revision), never);
  t.equal(treeOf(slot('one', revision).directory), expectedTree(app.path, revision));
  t.notOk(existsSync(trap));
});

t.test('a transport that runs commands is refused', async t => {
  const trap = join(await temporaryFolder(t), 'trap');
  for (const url of [`ext::sh -c touch% ${trap}`, `--upload-pack=touch ${trap}`, `fd::3`]) {
    const {installer, slot} = await host(t, {url});
    t.equal(await kindOf(installer.stage(slot('one', 'a'.repeat(40)), never)), 'git.unreachable', url);
  }
  t.notOk(existsSync(trap));
});

t.test(
  "paths that leave the tree or enter git's own folder do not get past the check of objects",
  async t => {
    for (const name of ['..', '.', '.git', '.GIT', 'git~1', '.g\u200cit']) {
      const app = await origin(t);
      app.commit({a: 'a'});
      const revision = commitName(app, name);
      const {installer, slot, stateDir} = await host(t, app);
      t.equal(
        await kindOf(installer.stage(slot('one', revision), never)),
        'git.objects-refused',
        JSON.stringify(name),
      );
      t.notOk(existsSync(join(stateDir, 'slots')));
    }
  },
);

t.test('a link in the tree is never written through', async t => {
  const app = await origin(t);
  const outside = await temporaryFolder(t);
  symlinkSync(outside, join(app.path, 'lib'));
  const one = app.commit({});
  git(app.path, 'rm', '-q', 'lib');
  const two = app.commit({'lib/file': 'inside'});
  git(app.path, 'rm', '-q', '-r', 'lib');
  symlinkSync(outside, join(app.path, 'lib'));
  const three = app.commit({});
  const {installer, slot} = await host(t, app);
  for (const [index, revision] of [one, two, three].entries()) {
    const next = slot(`s${index}`, revision);
    await installer.stage(next, never);
    await installer.prune([next], never);
    t.equal(treeOf(next.directory), expectedTree(app.path, revision));
  }
  t.same(readdirSync(outside), []);
});

t.test('pruning a slot deletes no file that a link in it points at', async t => {
  const app = await origin(t);
  const outside = await temporaryFolder(t);
  writeFileSync(join(outside, 'kept'), 'kept');
  symlinkSync(outside, join(app.path, 'shared'));
  const revision = app.commit({});
  const {installer, slot} = await host(t, app);
  await installer.stage(slot('one', revision), never);
  await installer.prune([], never);
  t.notOk(existsSync(slot('one', revision).directory));
  t.equal(readFileSync(join(outside, 'kept'), 'utf8'), 'kept');
});

// Attributes that would stop the author's own `git add` come in as objects.
const commitAttributes = (app: Origin, text: string): string => {
  const blob = execFileSync('git', ['hash-object', '-w', '--no-filters', '--stdin'], {
    cwd: app.path,
    input: text,
    encoding: 'utf8',
  }).trim();
  git(app.path, 'update-index', '--add', '--cacheinfo', `100644,${blob},.gitattributes`);
  git(app.path, 'commit', '-q', '-m', 'attributes');
  return git(app.path, 'rev-parse', 'HEAD');
};

const commitName = (app: Origin, name: string): string => {
  const hash = (type: string, input: string | Buffer) =>
    execFileSync('git', ['hash-object', '-w', '--literally', '-t', type, '--stdin'], {
      cwd: app.path,
      input,
      encoding: 'utf8',
    }).trim();
  const inner = hash(
    'tree',
    Buffer.concat([Buffer.from('100644 config\0'), Buffer.from(hash('blob', 'x'), 'hex')]),
  );
  const tree = hash('tree', Buffer.concat([Buffer.from(`40000 ${name}\0`), Buffer.from(inner, 'hex')]));
  return git(app.path, 'commit-tree', '-m', 'hostile', tree);
};
