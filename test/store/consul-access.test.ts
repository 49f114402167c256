import {chmod, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {openStore} from '../../agent/store/open.ts';
import {startConsul} from '../support/consul.ts';
import {eventually} from '../support/eventually.ts';
import {unmet} from '../support/needs.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {tokenFor} from './consul-acl.ts';
import {collect} from './contract/watch.ts';

const skip = unmet('root', 'debian');
const never = new AbortController().signal;
const refused = {name: 'ReasonError', reason: {kind: 'store.refused'}};
const tuning = {sessionTtlMinMs: 1_000, callDeadlineMs: 5_000};

await t.test('access control', {skip}, async t => {
  const consul = await startConsul(t, {acl: true});
  const tokenFile = join(await temporaryFolder(t), 'token');
  await writeFile(tokenFile, '11111111-2222-3333-4444-555555555555\n', {mode: 0o600});
  const settings = {kind: 'consul', url: consul.address, prefix: 'agents', tokenFile} as const;
  const store = await openStore(settings, tuning);
  t.teardown(() => store.close());
  await t.rejects(
    store.get('web/desired', never),
    {...refused, message: /403: ACL not found/},
    'an unknown token',
  );
  const watch = collect(t, store, 'web/desired');
  await eventually('the watch to be refused', () => watch.last() === 'lost');
  t.match(watch.updates, [{type: 'lost', cause: {kind: 'store.refused'}}]);

  const reader = 'key_prefix "agents/" { policy = "read" }';
  await writeFile(tokenFile, await tokenFor(consul, 'reader', reader));
  t.equal(await store.get('web/desired', never), null, 'the token file is read again when it changes');
  await eventually('the watch to come back', () => watch.last() === '', {timeoutMs: 30_000});
  await t.rejects(
    store.put('web/desired', 'x', 'any', never),
    {...refused, message: /Permission denied/},
    'no write',
  );
  await t.rejects(store.put('web/desired', 'x', 'absent', never), refused, 'no compare-and-set');
  await t.rejects(store.delete('web/desired', 'any', never), refused, 'no delete');
  const presence = store.presence({key: 'web/hosts/i-1', ttlMs: 1_000, takeOver: true});
  await t.rejects(presence.set('x', never), refused, 'no session');

  const host = 'key_prefix "agents/web/" { policy = "write" } session_prefix "" { policy = "write" }';
  await writeFile(tokenFile, await tokenFor(consul, 'host', host));
  t.ok((await store.put('web/desired', 'x', 'absent', never)).ok, 'the rules of the manual are enough');
  t.equal(await presence.set('serving', never), true);
  await presence.release(never);
  await eventually('the watch to go on', () => watch.last() === 'web/desired=x', {timeoutMs: 15_000});

  await writeFile(tokenFile, 'two\nlines');
  await t.rejects(
    store.get('web/desired', never),
    {message: /token file .*: expected one line/},
    'a bad file',
  );
  await writeFile(tokenFile, await tokenFor(consul, 'host-again', host));
  for (const mode of [0o644, 0o640, 0o606]) {
    await chmod(tokenFile, mode);
    const error: unknown = await store.get('web/desired', never).catch(found => found);
    t.match(error, {
      reason: {kind: 'store.refused', details: {cause: /0600 or 0400, got mode 06[046]{2}$/}},
    });
  }
  await chmod(tokenFile, 0o400);
  t.ok(await store.get('web/desired', never), 'and it goes on');
  const missing = await openStore({...settings, tokenFile: `${tokenFile}.none`});
  t.teardown(() => missing.close());
  await t.rejects(missing.get('web/desired', never), {message: /its token file is not readable: ENOENT/});
});
