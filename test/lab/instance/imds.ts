import {randomBytes} from 'node:crypto';
import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';

/** What one instance's metadata service says; tests may change it while it runs. */
export type Metadata = {
  readonly instanceId: string;
  readonly zone: string;
  readonly region: string;
  readonly ip: string;
  tags: Readonly<Record<string, string>>;
  userData?: string;
  /** autoscaling/target-lifecycle-state; 404 when absent, as outside an Auto Scaling group */
  targetLifecycleState?: string;
  /** spot/instance-action; 404 until the instance is marked */
  spotAction?: string;
  /** InstanceMetadataTags is off, which is EC2's default: 404 for all of them */
  hidesTags?: boolean;
  /** answers nothing but 403, as where IMDS is disabled */
  isDisabled?: boolean;
  /** refuses tokens and nothing else, as where only IMDSv1 would be left */
  refusesTokens?: boolean;
  /** takes this long for each answer */
  delayMs?: number;
};

/** IMDSv2 of one instance: tokens enforced (401 without, their time to live kept), 404 for what EC2 does not have. */
export const imdsListener = (metadata: Metadata): RequestListener => {
  const tokens = new Map<string, number>();
  const serve: RequestListener = (message, response) => {
    if (refuses(metadata, message)) return void reply(response, 403);
    if (message.method === 'PUT' && message.url === '/latest/api/token')
      return void giveToken(tokens, message, response);
    if (message.method !== 'GET') return void reply(response, 405);
    const token = String(message.headers['x-aws-ec2-metadata-token'] ?? '');
    if (!((tokens.get(token) ?? 0) > Date.now())) return void reply(response, 401);
    const body = answerTo(message.url ?? '', metadata);
    reply(response, body === undefined ? 404 : 200, body);
  };
  return (message, response) => {
    if (metadata.delayMs === undefined) return serve(message, response);
    setTimeout(() => serve(message, response), metadata.delayMs).unref();
  };
};

const refuses = ({isDisabled, refusesTokens}: Metadata, {method}: IncomingMessage): boolean =>
  isDisabled === true || (refusesTokens === true && method === 'PUT');

const giveToken = (tokens: Map<string, number>, message: IncomingMessage, response: ServerResponse): void => {
  const ttl = String(message.headers['x-aws-ec2-metadata-token-ttl-seconds'] ?? '');
  if (!/^\d{1,5}$/.test(ttl) || Number(ttl) < 1 || Number(ttl) > 21_600) {
    reply(response, 400);
    return;
  }
  const token = randomBytes(40).toString('base64');
  tokens.set(token, Date.now() + Number(ttl) * 1_000);
  response.setHeader('x-aws-ec2-metadata-token-ttl-seconds', ttl);
  reply(response, 200, token);
};

const answerTo = (url: string, metadata: Metadata): string | undefined => {
  // Nothing is decoded: nobody says that EC2 does.
  const path = url.replace(/^\/latest\//, '').replace(/\/$/, '');
  if (path === 'user-data') return metadata.userData;
  if (path === 'dynamic/instance-identity/document')
    return JSON.stringify(identityDocument(metadata), null, 2);
  if (path.startsWith('meta-data/')) return metadataOf(path.slice('meta-data/'.length), metadata);
  return undefined;
};

const metadataOf = (path: string, metadata: Metadata): string | undefined => {
  const {instanceId, zone, region, ip} = metadata;
  const tags = metadata.hidesTags ? {} : metadata.tags;
  if (path === 'tags/instance') return Object.keys(tags).join('\n') || undefined;
  if (path.startsWith('tags/instance/')) return tags[path.slice('tags/instance/'.length)];
  const known: Readonly<Record<string, string | undefined>> = {
    'instance-id': instanceId,
    'local-ipv4': ip,
    'instance-type': 'm5.large',
    'placement/availability-zone': zone,
    'placement/region': region,
    'autoscaling/target-lifecycle-state': metadata.targetLifecycleState,
    'spot/instance-action': metadata.spotAction,
    'iam/security-credentials': ROLE,
    [`iam/security-credentials/${ROLE}`]: JSON.stringify(credentials()),
  };
  return known[path];
};

const ROLE = 'lab-instance';

const identityDocument = ({instanceId, zone, region, ip}: Metadata) => ({
  accountId: '123456789012', // moto's
  architecture: 'x86_64',
  availabilityZone: zone,
  imageId: 'ami-00000000000000000',
  instanceId,
  instanceType: 'm5.large',
  privateIp: ip,
  region,
  version: '2017-09-30',
});

const credentials = () => ({
  Code: 'Success',
  LastUpdated: new Date().toISOString(),
  Type: 'AWS-HMAC',
  AccessKeyId: 'lab',
  SecretAccessKey: 'lab',
  Token: 'lab',
  Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString(),
});

const reply = (response: ServerResponse, status: number, body = ''): void => {
  response.writeHead(status, {'content-type': 'text/plain'}).end(body);
};
