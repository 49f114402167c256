import {tokenFor} from '../../store/consul-acl.ts';
import {hostRules} from '../../store/rules.ts';
import {bootstrapToken} from '../../support/consul.ts';

/** For a Consul server's configuration: tokens are looked at, who shows none may do anything. */
export const LENIENT = {acl: {enabled: true, default_policy: 'allow'}};

// the hosts of the lab share a token: each may end the sessions of all
const RULES = hostRules().replace(/^session +"[^"]+"/m, 'session_prefix ""');

export interface Tokens {
  /** may do everything */
  readonly manager: string;
  make(): Promise<string>;
  revoke(token: string): Promise<void>;
}

/** The tokens of a Consul whose access control nobody has used yet. */
export const createTokens = async (address: string): Promise<Tokens> => {
  const manager = await bootstrapToken(address);
  let count = 0;
  const call = async (method: string, path: string, token: string): Promise<string> => {
    const headers = {'X-Consul-Token': token};
    const reply = await fetch(`${address}/v1/acl/${path}`, {
      method,
      headers,
      signal: AbortSignal.timeout(10_000),
    });
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
    return reply.text();
  };
  return {
    manager,
    make: () => {
      count += 1;
      return tokenFor({address, token: manager}, `host-${count}`, RULES);
    },
    revoke: async token => {
      const {AccessorID} = JSON.parse(await call('GET', 'token/self', token)) as {AccessorID: string};
      await call('DELETE', `token/${AccessorID}`, manager);
    },
  };
};
