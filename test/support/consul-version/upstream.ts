import http, {type IncomingHttpHeaders, type IncomingMessage} from 'node:http';
import {buffer} from 'node:stream/consumers';

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Asks the real server. */
export const upstream = async ({method, url, headers, body}: Asked, signal: AbortSignal): Promise<Answer> => {
  const request = http.request(url, {method, headers, agent: false, signal});
  request.end(body);
  const answer = await new Promise<IncomingMessage>((resolve, reject) =>
    request.on('response', resolve).on('error', reject),
  );
  return {status: answer.statusCode ?? 500, headers: answer.headers, body: await buffer(answer)};
};
