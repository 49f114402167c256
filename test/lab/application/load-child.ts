/** Sends requests at a fixed rate (open loop) and prints every sample as JSON at the end (load.ts). */
import {Agent, get} from 'node:http';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Sample} from './load.ts';

type Job = {url: string; rps: number; seconds: number; slowShare: number; newShare: number};

const TIMEOUT_MS = 10_000;
const IDLE_MS = 10_000;

const main = async ({url, rps, seconds, slowShare, newShare}: Job): Promise<void> => {
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  // HAProxy ends a connection that is idle for 30 s: a request must never meet that end
  const keepAlive = new Agent({keepAlive: true, maxSockets: 64, timeout: IDLE_MS});
  const [samples, running]: [Sample[], Set<Promise<void>>] = [[], new Set()];
  const began = performance.now();
  const total = Math.round(rps * seconds);
  for (let n = 0; n < total && !stop.signal.aborted; n += 1) {
    const waitMs = began + (n * 1_000) / rps - performance.now();
    if (waitMs > 1) await sleep(waitMs, undefined, {signal: stop.signal}).catch(() => {});
    const path = isNth(n, slowShare) ? '/slow' : '/version';
    const agent = isNth(n, newShare) ? false : keepAlive;
    const request = once(url, path, agent).then(sample => void samples.push(sample));
    running.add(request);
    void request.finally(() => running.delete(request));
  }
  await Promise.all(running);
  process.stdout.write(JSON.stringify(samples), () => process.exit(0));
};

/** Spreads a share evenly over the numbers: true for the first of each 1/share. */
const isNth = (n: number, share: number): boolean => Math.floor((n + 1) * share) > Math.floor(n * share);

const once = (url: string, path: string, agent: Agent | false): Promise<Sample> =>
  new Promise(resolve => {
    const [at, began] = [Date.now(), performance.now()];
    let server = '';
    const end = (status: number, text: string) =>
      resolve({at, ms: Math.round(performance.now() - began), status, text, path, server});
    const request = get(`${url}${path}`, {agent}, response => {
      let text = '';
      server = String(response.headers['x-server'] ?? '');
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response
        .on('end', () => end(response.statusCode ?? 0, text.trim().slice(0, 200)))
        .on('error', error => end(0, error.message));
    });
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)),
      TIMEOUT_MS,
    );
    request.on('error', error => end(0, error.message)).on('close', () => clearTimeout(timer));
  });

await main(JSON.parse(process.argv[2] ?? '{}') as Job);
