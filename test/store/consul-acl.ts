import {fetch} from '../support/fetch.ts';

interface Consul {
  readonly address: string;
  /** a management token */
  readonly token?: string;
}

const putAcl = async (consul: Consul, kind: 'policy' | 'token', body: object): Promise<unknown> => {
  const headers = {'X-Consul-Token': consul.token ?? ''};
  const reply = await fetch(`${consul.address}/v1/acl/${kind}`, {
    method: 'PUT',
    headers,
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(await reply.text());
  return reply.json();
};

/** A new token of this Consul with these rules (HCL), and with nothing else. */
export const tokenFor = async (consul: Consul, name: string, rules: string): Promise<string> => {
  await putAcl(consul, 'policy', {Name: name, Rules: rules});
  const token = await putAcl(consul, 'token', {Policies: [{Name: name}]});
  return (token as {SecretID: string}).SecretID;
};
