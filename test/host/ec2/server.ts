/** An EC2 that says what a test wants, and what the worker that asks it can be seen doing from outside. */
import {readdirSync, readFileSync} from 'node:fs';
import {createServer, type IncomingMessage, type RequestListener, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

type Teardown = {teardown(end: () => void): void};

/** A server on loopback; gives its address. */
export const listen = async (t: Teardown, listener: RequestListener, host = '127.0.0.1'): Promise<string> => {
  const server = createServer(listener);
  await new Promise<void>(resolve => server.listen(0, host, resolve));
  t.teardown(() => server.close().closeAllConnections());
  const name = host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${(server.address() as AddressInfo).port}`;
};

/** One answer: an instance's state, an error code with its HTTP status, or none at all. */
export type Say = 'running' | 'nothing' | readonly [code: string, status: number];

export type Fake = {
  readonly address: string;
  /** Authorization headers of the calls so far. */
  readonly asked: readonly string[];
  /** How many calls lost their caller before they were answered. */
  readonly dropped: () => number;
};

/** DescribeInstances, answered as `say` decides for the call with this number (0, 1 …). */
export const startFake = async (t: Teardown, say: (n: number) => Say): Promise<Fake> => {
  const asked: string[] = [];
  let dropped = 0;
  const address = await listen(t, (request, response) => {
    const answer = say(asked.length);
    asked.push(String(request.headers.authorization));
    response.on('close', () => {
      if (!response.writableFinished) dropped += 1;
    });
    if (answer !== 'nothing') void reply(request, response, answer);
  });
  return {address, asked, dropped: () => dropped};
};

const reply = async (
  request: IncomingMessage,
  response: ServerResponse,
  answer: Exclude<Say, 'nothing'>,
): Promise<void> => {
  for await (const _ of request);
  const [status, body] =
    answer === 'running'
      ? [200, RUNNING]
      : [
          answer[1],
          `<Response><Errors><Error><Code>${answer[0]}</Code><Message>says ${answer[0]}</Message></Error></Errors></Response>`,
        ];
  response.writeHead(status, {'content-type': 'text/xml'}).end(body);
};

const RUNNING = `<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item><instancesSet>
<item><instanceId>i-0123456789abcdef0</instanceId><instanceState><code>16</code><name>running</name></instanceState></item>
</instancesSet></item></reservationSet></DescribeInstancesResponse>`;

/** The EC2 workers that are children of a process, by pid; this process's own unless told. */
export const workers = (parent: number = process.pid): readonly number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => parentOf(pid) === parent && read(pid, 'cmdline').includes('ec2-worker'));

const parentOf = (pid: number): number => Number(/\) [A-Y] (\d+)/.exec(read(pid, 'stat'))?.[1] ?? 0);

/** A file of /proc/PID, empty when there is no such process (any more). */
export const read = (pid: number, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
};
