import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {keysOf} from '../../agent/core/keys.ts';
import {checkStore} from '../../agent/store/check.ts';
import {startConsul} from '../support/consul.ts';
import {fetch} from '../support/fetch.ts';
import {unmet} from '../support/needs.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {tokenFor} from './consul-acl.ts';

const never = new AbortController().signal;
const keys = keysOf('web', 'production');
const BASE = 'agents/web/production';

const RULES: readonly (readonly [name: string, rules: string, tried: RegExp | null])[] = [
  ['nothing', '', /^to read web\/production\/desired$/],
  ['part of it', `key_prefix "${BASE}/desired" { policy = "read" }`, /^to read web\/production\/policy$/],
  ['all of it', `key_prefix "${BASE}/" { policy = "read" }`, /^to write web\/production\/ledger$/],
  [
    'and write some',
    `key_prefix "${BASE}/" { policy = "read" } key "${BASE}/ledger" { policy = "write" }`,
    /^to write web\/production\/notice$/,
  ],
  ['and write', `key_prefix "${BASE}/" { policy = "write" }`, /^to make a session$/],
  [
    'all that is needed',
    `key_prefix "${BASE}/" { policy = "write" } key_prefix "${BASE}/desired" { policy = "read" } session_prefix "" { policy = "write" }`,
    null,
  ],
];

await t.test('a token that may', {skip: unmet('root', 'debian')}, async t => {
  const consul = await startConsul(t, {acl: true});
  const tokenFile = join(await temporaryFolder(t), 'token');
  const settings = {kind: 'consul', url: consul.address, prefix: 'agents', tokenFile} as const;
  for (const [n, [name, rules, tried]] of RULES.entries()) {
    await writeFile(tokenFile, await tokenFor(consul, `rules-${n}`, rules), {mode: 0o600});
    const found = await checkStore({settings, keys}, never);
    t.match(
      found,
      tried && {tried, cause: {kind: 'store.refused', details: {cause: /Permission denied/}}},
      name,
    );
  }
  const headers = {'X-Consul-Token': consul.token ?? ''};
  for (const path of ['session/list', 'kv/agents?recurse'])
    t.match(
      await (await fetch(`${consul.address}/v1/${path}`, {headers})).text(),
      /^(\[\])?$/,
      'nothing is left',
    );
  await consul.stop();
  t.match(await checkStore({settings, keys}, never), {cause: {kind: 'store.unreachable'}});
});

await t.test('a folder that cannot be one', async t => {
  const folder = await temporaryFolder(t);
  t.equal(await checkStore({settings: {kind: 'directory', path: join(folder, 'none')}, keys}, never), null);
  t.equal(await checkStore({settings: {kind: 'directory', path: folder}, keys}, never), null);
  await mkdir(join(folder, 'a'));
  await writeFile(join(folder, 'a/file'), '');
  const settings = {kind: 'directory', path: join(folder, 'a/file/below')} as const;
  t.match(await checkStore({settings, keys}, never), {cause: {kind: 'store.refused'}});
});
