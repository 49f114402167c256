import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {webhooksPart} from '../../../agent/cli/check/webhooks.ts';
import type {Settings} from '../../../agent/config/settings.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const never = new AbortController().signal;

t.test('each webhook has an address, and nothing is sent to it', async t => {
  const root = await temporaryFolder(t);
  const examine = (...webhooks: readonly object[]) =>
    webhooksPart.examine({settings: {webhooks} as unknown as Settings, root}, never);
  await writeFile(join(root, 'good'), 'http://127.0.0.1:1/T000\n', {mode: 0o600});
  await writeFile(join(root, 'bad'), 'T000SECRET', {mode: 0o600});
  const fine = {problems: [], notes: []};
  t.equal(await examine(), null);
  t.same(await examine({name: 'a', url: 'http://127.0.0.1:1/'}, {name: 'b', urlFile: '/good'}), fine);
  const found = await examine(
    {name: 'a', urlFile: '/good'},
    {name: 'b', urlFile: '/bad'},
    {name: 'c', urlFile: '/gone'},
  );
  t.match(found, {
    problems: [
      {name: 'webhooks.b.url-file', got: /bad: expected an http:\/\/ or https:\/\/ address .* in it$/},
      {name: 'webhooks.c.url-file', got: /ENOENT/},
    ],
  });
  t.notMatch(JSON.stringify(found), /SECRET/);
});
