import {type Consul, startConsulServer} from '../lab/services/consul.ts';
import {eventually} from './eventually.ts';
import {fetch} from './fetch.ts';
import {temporaryFolder} from './temporary.ts';

export type TestConsul = Consul & {
  /** With `acl: true`: a management token; without it every call is refused. */
  readonly token?: string;
};

type Teardown = {teardown(end: () => Promise<void>): void};

/**
 * A real Consul server of this test's own on loopback (about 2 s to start), ended with the test. The operator's `consul` on PATH is
 * used, else Debian's from the lab's cache (the first time that needs root and Debian: `skip: unmet('root', 'debian')`).
 * `address` is `http://127.0.0.1:PORT`; `stop`, `kill`, `start`, `restart`, `freeze`, `thaw` do what they say to it.
 */
export const startConsul = async (
  t: Teardown,
  {acl = false, config = {}}: {acl?: boolean; config?: Readonly<Record<string, unknown>>} = {},
): Promise<TestConsul> => {
  const access = acl ? {acl: {enabled: true, default_policy: 'deny'}} : {};
  const dir = await temporaryFolder(t);
  const consul = await startConsulServer({dir, config: {...access, ...config}});
  t.teardown(async () => {
    consul.thaw();
    await consul.stop();
  });
  return acl ? {...consul, token: await bootstrapToken(consul.address)} : consul;
};

/** The first management token of a Consul with access control; it can be had once. */
export // For a moment after its start a server says in plain text that access control is not ready.
const bootstrapToken = (address: string): Promise<string> =>
  eventually("a token from Consul's ACL bootstrap", async () => {
    const reply = await fetch(`${address}/v1/acl/bootstrap`, {
      method: 'PUT',
      signal: AbortSignal.timeout(10_000),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`expected a token, got ${reply.status}: ${text}`);
    return (JSON.parse(text) as {SecretID: string}).SecretID;
  });
