/** Remotes that answer, with a repository that is damaged: told apart from one that does not answer, and never taken for our own mirror. */
import {randomBytes} from 'node:crypto';
import {chmodSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import t from 'tap';
import {reasonText} from '../../../agent/core/reason.ts';
import {reasonFrom} from '../../support/reason-from.ts';
import {serveGit} from './http.ts';
import {git, host, never, type Origin, origin, type Test} from './support.ts';

const looseFile = (app: Origin, what: string): string => {
  const id = git(app.path, 'rev-parse', what);
  return join(app.path, '.git/objects', id.slice(0, 2), id.slice(2));
};

const change = (path: string, to: (content: Buffer) => Buffer): void => {
  chmodSync(path, 0o600);
  writeFileSync(path, to(readFileSync(path)));
};

const packed = (app: Origin, extension: string): string => {
  git(app.path, 'gc', '-q');
  const packs = join(app.path, '.git/objects/pack');
  return join(packs, readdirSync(packs).find(name => name.endsWith(extension)) ?? '');
};

const zeroed = (content: Buffer): Buffer => content.fill(0, content.length - 1_500, content.length - 700);

const DAMAGES: readonly (readonly [string, (app: Origin) => void, RegExp])[] = [
  ['a missing file', app => rmSync(looseFile(app, 'HEAD:lib/big')), /unable to read [0-9a-f]{40}/],
  ['a missing folder', app => rmSync(looseFile(app, 'HEAD:lib')), /bad tree object [0-9a-f]{40}/],
  ['an empty object', app => change(looseFile(app, 'HEAD:lib/big'), () => Buffer.alloc(0)), /is empty/],
  ['a changed object', app => change(looseFile(app, 'HEAD:lib/big'), zeroed), /inflate|corrupt/],
  ['a changed pack', app => change(packed(app, '.pack'), zeroed), /pack has bad object at offset|inflate/],
];

const damaged = async (t: Test, damage: (app: Origin) => void) => {
  const app = await origin(t);
  const revision = app.commit({
    'lib/big': randomBytes(4_000),
    a: 'a',
  });
  damage(app);
  return {app, revision};
};

for (const [name, damage, cause] of DAMAGES)
  t.test(`${name} of the remote`, async t => {
    const {app, revision} = await damaged(t, damage);
    const {url} = await serveGit(t, dirname(app.path));
    for (const remote of [app.url, `${url}/origin`]) {
      const {installer, slot, said} = await host(t, {url: remote});
      const why = await reasonFrom(installer.stage(slot('one', revision), never));
      t.equal(why.kind, 'git.remote-damaged', remote);
      t.match(reasonText(why), cause, 'and says what is damaged');
      t.same(said(), [], 'the mirror is not made anew for it');
    }
  });

t.test('packs of the remote that nobody can read', async t => {
  for (const extension of ['.pack', '.idx']) {
    const {app, revision} = await damaged(t, repository =>
      change(packed(repository, extension), () => Buffer.from('rubbish')),
    );
    const {installer, slot} = await host(t, app);
    const {kind} = await reasonFrom(installer.stage(slot('one', revision), never));
    t.equal(kind, 'git.remote-damaged', extension);
  }
});
