import {Agent, get, type IncomingMessage} from 'node:http';
import {SLOW_MS} from './application.ts';

export interface Load {
  start(url: string): void;
  /** Requests that were answered or failed. */
  requests(): number;
  failed(): number;
  /** What became of the first few that failed. */
  failures(): readonly string[];
  /** Which release answered how often. */
  answers(): ReadonlyMap<string, number>;
  /** Sends no more. `patient`: waits for the answers; else gives those in flight up, uncounted. */
  end(options: {readonly patient: boolean}): Promise<void>;
}

const EVERY_MS = 25;
/** Every so many requests one takes its time, and one comes over a connection of its own. */
const SLOW_EVERY = 20;
const NEW_EVERY = 5;
const TIMEOUT_MS = SLOW_MS + 10_000;
const SHOWN = 5;

/** Sends requests at a steady rate, whatever the answers take. Anything but a 200 that is read to its end is a failure. */
export const createLoad = (): Load => {
  const keepAlive = new Agent({keepAlive: true});
  const running = new Set<Promise<void>>();
  const failures: string[] = [];
  const answers = new Map<string, number>();
  let [sent, requests, failed, givenUp] = [0, 0, 0, false];
  let timer: NodeJS.Timeout | undefined;
  const giveUp = new AbortController();

  const count = (path: string, {release, error}: Result): void => {
    if (givenUp) return;
    requests += 1;
    if (release !== null) answers.set(release, (answers.get(release) ?? 0) + 1);
    if (error === null) return;
    failed += 1;
    if (failures.length < SHOWN) failures.push(`${path}: ${error}`);
  };
  const send = (url: string): void => {
    sent += 1;
    const path = sent % SLOW_EVERY === 0 ? '/slow' : '/';
    const agent = sent % NEW_EVERY === 0 ? false : keepAlive;
    const request = ask({url: `${url}${path}`, agent}, giveUp.signal).then(result => count(path, result));
    running.add(request);
    void request.finally(() => running.delete(request));
  };

  return {
    start: url => {
      timer = setInterval(send, EVERY_MS, url);
    },
    requests: () => requests,
    failed: () => failed,
    failures: () => failures,
    answers: () => answers,
    end: async ({patient}) => {
      clearInterval(timer);
      if (!patient) {
        givenUp = true;
        giveUp.abort();
      }
      await Promise.all(running);
      keepAlive.destroy();
    },
  };
};

interface Result {
  readonly release: string | null;
  readonly error: string | null;
}

const ask = (
  {url, agent}: {readonly url: string; readonly agent: Agent | false},
  signal: AbortSignal,
): Promise<Result> =>
  new Promise(resolve => {
    const late = AbortSignal.timeout(TIMEOUT_MS);
    const fail = (error: Error): void =>
      resolve({release: null, error: late.aborted ? `no answer in ${TIMEOUT_MS / 1000} s` : error.message});
    const request = get(url, {agent, signal: AbortSignal.any([signal, late])}, answer => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('error', fail);
      answer.on('end', () => resolve(resultOf(answer, text)));
    });
    request.on('error', fail);
  });

const resultOf = ({statusCode, headers, complete}: IncomingMessage, text: string): Result => {
  const release = typeof headers['x-release'] === 'string' ? headers['x-release'] : null;
  const good = statusCode === 200 && complete && release !== null;
  return {release, error: good ? null : `status ${statusCode}: ${text.trim().slice(0, 100)}`};
};
