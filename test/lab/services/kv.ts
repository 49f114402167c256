import {fetch} from '../../support/fetch.ts';
/** The few calls tests make to Consul, over HTTP; an error names the call and what Consul answered. */
export const createKv = (address: string) => ({
  put: async (key: string, value: string | Uint8Array): Promise<void> => {
    const body = (await call(`${address}/v1/kv/${key}`, 'PUT', value)) ?? '';
    if (body.trim() !== 'true') throw new Error(`Consul refused to put ${key}: ${body}`);
  },
  /** The value, undefined when the key is not there. */
  get: (key: string): Promise<string | undefined> => call(`${address}/v1/kv/${key}?raw`, 'GET'),
  delete: async (key: string): Promise<void> => void (await call(`${address}/v1/kv/${key}`, 'DELETE')),
  keys: async (prefix: string): Promise<string[]> =>
    JSON.parse((await call(`${address}/v1/kv/${prefix}?keys`, 'GET')) ?? '[]') as string[],
  /** The addresses of the nodes whose service passes. */
  passing: async (service: string): Promise<string[]> => {
    const body = (await call(`${address}/v1/health/service/${service}?passing=1`, 'GET')) ?? '[]';
    return (JSON.parse(body) as {Node: {Address: string}}[]).map(({Node}) => Node.Address).sort();
  },
});

export type Kv = ReturnType<typeof createKv>;

const call = async (url: string, method: string, body?: string | Uint8Array): Promise<string | undefined> => {
  const reply = await fetch(url, {
    method,
    signal: AbortSignal.timeout(10_000),
    ...(body === undefined ? {} : {body}),
  });
  if (reply.status === 404) return undefined;
  if (!reply.ok)
    throw new Error(
      `${method} ${url}: Consul answered ${reply.status} ${(await reply.text()).slice(0, 200)}`,
    );
  return reply.text();
};
