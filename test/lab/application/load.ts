import {spawn} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {within} from '../network/network.ts';

export type LoadOptions = {
  readonly rps: number;
  readonly seconds: number;
  /** The share of requests that take 3 s (0.02). */
  readonly slowShare?: number;
  /** The share of requests that come over a new connection (0.2). */
  readonly newShare?: number;
};

/**
 * One request: start in ms of the epoch, duration, status (0: no answer), what the release answered or the error, and
 * where HAProxy sent it: `i1` for instance 1, nothing when it had nowhere to send it.
 */
export type Sample = {
  readonly at: number;
  readonly ms: number;
  readonly status: number;
  readonly text: string;
  readonly path: string;
  readonly server?: string;
};

export type LoadResult = {
  readonly requests: number;
  /** Anything but a 2xx within 10 s. */
  readonly failed: number;
  readonly failures: readonly Sample[];
  readonly samples: readonly Sample[];
  /** How many answers each release gave. */
  readonly byRelease: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

export type Load = {readonly result: Promise<LoadResult>; readonly stop: () => Promise<LoadResult>};

/** Starts requests at a fixed rate from a process inside the region; ends by itself after `seconds`, or sooner by `stop`. */
export const startLoad = ({wire, url, options}: {wire: string; url: string; options: LoadOptions}): Load => {
  const {rps, seconds, slowShare = 0.02, newShare = 0.2} = options;
  if (rps > 2_000 || seconds > 900)
    throw new Error(`expected at most 2000 rps for 900 s, got ${rps} for ${seconds}`);
  const job = JSON.stringify({url, rps, seconds, slowShare, newShare});
  const [file = '', ...rest] = [...within(wire), process.execPath, CHILD, job];
  const child = spawn(file, rest, {stdio: ['ignore', 'pipe', 'inherit']});
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const result = new Promise<LoadResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => {
      if (code === 0) resolve(summary(JSON.parse(output) as Sample[]));
      else reject(new Error(`the load generator ended with ${code}`));
    });
  });
  const stop = () => {
    child.kill('SIGTERM');
    return result;
  };
  return {result, stop};
};

const CHILD = fileURLToPath(new URL('load-child.ts', import.meta.url));

const summary = (samples: readonly Sample[]): LoadResult => {
  const failures = samples.filter(({status}) => status < 200 || status > 299);
  const quick = samples
    .filter(({path}) => path !== '/slow')
    .map(({ms}) => ms)
    .sort((a, b) => a - b);
  const byRelease: Record<string, number> = {};
  for (const {status, text} of samples) if (status === 200) byRelease[text] = (byRelease[text] ?? 0) + 1;
  const at = (share: number) => quick[Math.min(quick.length - 1, Math.floor(quick.length * share))] ?? 0;
  return {
    requests: samples.length,
    failed: failures.length,
    failures,
    samples,
    byRelease,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
};
