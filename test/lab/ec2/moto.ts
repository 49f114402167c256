import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {eventually} from '../../support/eventually.ts';
import {fetch} from '../../support/fetch.ts';
import {findProgram, motoRoot} from '../image/prepare.ts';
import {endProcess, isRunning, type RunningProcess, startProcess} from '../process.ts';
import {type Element, parseXml} from './xml.ts';

export type Moto = {
  readonly address: string;
  readonly post: (body: string, headers?: Readonly<Record<string, string>>) => Promise<MotoReply>;
  readonly call: (action: string, fields?: Readonly<Record<string, string>>) => Promise<Element>;
  readonly stop: () => Promise<void>;
};
export type MotoReply = {readonly status: number; readonly body: string};

interface Server {
  readonly running: RunningProcess;
  readonly address: string;
}

// Starting one takes seconds: one that its last user is done with is emptied for the next. It dies with this process.
const spare: Server[] = [];

/**
 * Starts moto (the operator's `moto_server` on PATH, else Debian's from the cache) on a free loopback port, with its log in `dir`;
 * or takes one over that this process had stopped, with nothing in it.
 */
export const startMoto = async (
  {dir, region = 'eu-west-1'}: {dir: string; region?: string},
  signal?: AbortSignal,
): Promise<Moto> => {
  const server = (await emptied(spare.pop(), region)) ?? (await launch(dir, signal));
  const {address} = server;
  const post = poster(address, region);
  const call = async (action: string, fields = {}) => {
    const {status, body} = await post(
      new URLSearchParams({Action: action, Version: '2016-11-15', ...fields}).toString(),
    );
    if (status !== 200) throw new Error(`moto refused ${action}: ${body.slice(0, 400)}`);
    return parseXml(body);
  };
  const stop = async () => {
    if (spare.length === 0 && isRunning(server.running)) spare.push(server);
    else await endProcess(server.running);
  };
  return {address, post, call, stop};
};

const emptied = async (server: Server | undefined, region: string): Promise<Server | undefined> => {
  if (server === undefined || !isRunning(server.running)) return undefined;
  const {status} = await poster(`${server.address}/moto-api/reset`, region)('');
  if (status === 200) return server;
  await endProcess(server.running);
  return undefined;
};

const launch = async (dir: string, signal?: AbortSignal): Promise<Server> => {
  const log = join(dir, 'moto.log');
  const env = {MOTO_EC2_LOAD_DEFAULT_AMIS: 'false', NO_COLOR: '1'};
  const running = startProcess({argv: await motoCommand(), log, env});
  running.child.unref();
  const address = await eventually(
    `moto to listen (its log: ${log})`,
    () => {
      if (!isRunning(running)) throw new Error(`moto ended: ${readFileSync(log, 'utf8').slice(-800)}`);
      return /http:\/\/127\.0\.0\.1:\d+/.exec(readFileSync(log, 'utf8'))?.[0];
    },
    {timeoutMs: 60_000, signal},
  );
  return {running, address};
};

const motoCommand = async (): Promise<string[]> => {
  const server = ['moto_server', '-H', '127.0.0.1', '-p', '0'];
  if (findProgram('moto_server') !== undefined) return server;
  const mountProc = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'; // in a mount namespace that ends with it
  return [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    mountProc,
    await motoRoot(),
    ...server,
  ];
};

/** moto reads the region and the service from the signature's scope and checks no signature. */
const poster = (address: string, region: string) => {
  const authorization = `AWS4-HMAC-SHA256 Credential=lab/20260101/${region}/ec2/aws4_request, SignedHeaders=host, Signature=0`;
  return async (body: string, headers: Readonly<Record<string, string>> = {}): Promise<MotoReply> => {
    const type = {'content-type': 'application/x-www-form-urlencoded'};
    const reply = await fetch(address, {
      method: 'POST',
      body,
      headers: {authorization, ...type, ...headers},
      signal: AbortSignal.timeout(60_000),
    });
    return {status: reply.status, body: await reply.text()};
  };
};
