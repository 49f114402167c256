/** A real agent drains an application that speaks TLS 1.3 itself, HTTP/1.1 and HTTP/2 on one port, under load: no request is lost. */
import {once} from 'node:events';
import {type ClientHttp2Session, connect} from 'node:http2';
import {request} from 'node:https';
import {text} from 'node:stream/consumers';
import {setTimeout as sleep} from 'node:timers/promises';
import t, {type Test} from 'tap';
import {selfSigned} from '../support/certificate.ts';
import {eventually} from '../support/eventually.ts';
import {type LoneHost, loneHost} from './lone/host.ts';

const SLOW_MS = 2_500;
const REST = `${SLOW_MS + 1_000}ms`;
const EVERY_MS = 100;

/** Ends at once when it is told to, whatever it has in flight. */
const APPLICATION = `import {createSecureServer} from 'node:http2';
import {readFileSync} from 'node:fs';
const name = readFileSync(new URL('name', import.meta.url), 'utf8');
const [key, cert] = [process.env.KEY, process.env.CERT].map(file => readFileSync(file));
createSecureServer({key, cert, minVersion: 'TLSv1.3', allowHTTP1: true}, (request, response) => {
  setTimeout(() => response.end(name), request.url === '/slow' ? ${SLOW_MS} : 0);
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

type Ask = (path: string) => Promise<string>;

/** Each request on a connection of its own: nothing but its handshake has moved there when it waits. */
const byHttp1 =
  (port: number): Ask =>
  async path => {
    const asked = request({port, path, host: '127.0.0.1', rejectUnauthorized: false, agent: false});
    asked.end();
    const [response] = await once(asked, 'response');
    return text(response);
  };

/** All requests on one connection, which is made anew only when it was closed. */
const byHttp2 = (t: Test, port: number): Ask => {
  let session: ClientHttp2Session | null = null;
  t.teardown(() => session?.destroy());
  return async path => {
    if (session === null || session.closed || session.destroyed) {
      session = connect(`https://127.0.0.1:${port}`, {rejectUnauthorized: false});
      session.on('error', () => undefined);
    }
    const stream = session.request({':path': path});
    const answer = await text(stream);
    if (answer === '') throw new Error('the stream was cut');
    return answer;
  };
};

/** A load balancer that believes the host's commands: it sends nothing new from `leave` to `rejoin`, and retries nothing. */
const load = (host: LoneHost, asks: readonly Ask[]) => {
  const over = new AbortController();
  const counts = {answered: 0, inFlight: 0, lost: [] as string[], by: new Set<string>()};
  const all: Promise<void>[] = [];
  const send = async (ask: Ask, path: string): Promise<void> => {
    counts.inFlight += 1;
    try {
      counts.by.add(await ask(path));
      counts.answered += 1;
    } catch (error) {
      counts.lost.push(`${path}: ${String(error)}`);
    }
    counts.inFlight -= 1;
  };
  const isIn = async () => (await host.traffic().catch(() => [])).at(-1)?.startsWith('leave') !== true;
  const run = async () => {
    for (let n = 0; !over.signal.aborted; n += 1) {
      if (await isIn()) for (const ask of asks) all.push(send(ask, n % 3 === 0 ? '/slow' : '/'));
      await sleep(EVERY_MS);
    }
    await Promise.all(all);
  };
  const running = run();
  return {
    counts,
    stop: () => {
      over.abort();
      return running;
    },
  };
};

t.test('TLS 1.3 and HTTP/2 at the application, under load', {timeout: 180_000}, async t => {
  const {keyFile, certFile} = await selfSigned(t);
  const host = await loneHost(t, {
    application: APPLICATION,
    configure: toml =>
      toml
        .replace('protocol = "http1"', `rest = "${REST}"`) // what is spoken is not told
        .replace('timeout = "5s"', 'timeout = "20s"')
        .replace('quiet = "200ms"', 'quiet = "1s"')
        .replace(/environment = \{/, `environment = {KEY = "${keyFile}", CERT = "${certFile}", `)
        .replace(/^http = "http:\/\/(.*)\/"$/m, 'tcp = "$1"'),
  });
  const [one, two, three] = ['one', 'two', 'three'].map(host.release) as [string, string, string];
  await host.desire(one);
  host.start();
  await host.serves(one);
  const {counts, stop} = load(host, [byHttp1(host.port), byHttp2(t, host.port)]);
  for (const next of [two, three]) {
    await eventually('slow requests are in flight', () => counts.inFlight > 4);
    await host.desire(next);
    await host.serves(next);
    t.same((await host.status()).cut, []);
  }
  await sleep(1_000);
  await stop();
  t.comment(`${counts.answered} requests`);
  t.same(counts.lost, []);
  t.same([...counts.by], ['one', 'two', 'three'], 'all three answered');
});
