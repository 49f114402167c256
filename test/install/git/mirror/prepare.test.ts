import {chmod, mkdir, readdir, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import type {GitSettings} from '../../../../agent/config/settings.ts';
import {gitLayout} from '../../../../agent/install/git/mirror/layout.ts';
import {prepareRemote} from '../../../../agent/install/git/mirror/prepare.ts';
import {temporaryFolder} from '../../../support/temporary.ts';

t.test('several at once put the same files in place, and leave nothing else', async t => {
  const stateDir = await temporaryFolder(t);
  const credentialFile = join(stateDir, 'credential');
  await writeFile(credentialFile, 'user:secret\n');
  await chmod(credentialFile, 0o600);
  const settings = {url: 'file:///srv/app.git', refs: [], credentialFile} as unknown as GitSettings;
  const layout = gitLayout({stateDir, url: settings.url});
  await mkdir(layout.home, {recursive: true});
  await Promise.all(Array.from({length: 20}, () => prepareRemote(settings, layout)));
  t.same((await readdir(layout.home)).toSorted(), ['askpass.cjs', 'gitconfig']);
  t.equal((await stat(layout.askpass)).mode & 0o777, 0o700);
});
