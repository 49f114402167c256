import t from 'tap';
import {startConsul} from './consul.ts';
import {fetch} from './fetch.ts';
import {unmet} from './needs.ts';

t.test('a Consul of the test keeps its data over a kill', {skip: unmet('root', 'debian')}, async t => {
  const consul = await startConsul(t);
  const key = `${consul.address}/v1/kv/some/key`;
  t.equal(await (await fetch(key, {method: 'PUT', body: 'kept'})).text(), 'true');
  await consul.kill();
  await t.rejects(fetch(key));
  await consul.start();
  t.equal(await (await fetch(`${key}?raw`)).text(), 'kept');
});

t.test('a frozen Consul accepts and never answers', {skip: unmet('root', 'debian')}, async t => {
  const consul = await startConsul(t);
  consul.freeze();
  await t.rejects(fetch(`${consul.address}/v1/status/leader`, {signal: AbortSignal.timeout(300)}), {
    name: 'TimeoutError',
  });
  consul.thaw();
  t.ok((await fetch(`${consul.address}/v1/status/leader`)).ok);
});

t.test('with access control only the token may write', {skip: unmet('root', 'debian')}, async t => {
  const {address, token = ''} = await startConsul(t, {acl: true});
  const put = (headers: Record<string, string>) =>
    fetch(`${address}/v1/kv/k`, {method: 'PUT', body: 'v', headers});
  t.equal((await put({})).status, 403);
  t.equal((await put({'x-consul-token': token})).status, 200);
});
