import type {Readable} from 'node:stream';
import {StringDecoder} from 'node:string_decoder';

export interface LineLimits {
  /** characters of one line; the rest of it is dropped */
  readonly width: number;
  /** lines handed on; later ones are only counted */
  readonly count: number;
}

/**
 * Hands on the lines of a stream one by one, within the limits and without control characters or empty lines.
 * `dropped` is the number of lines over the limit, `last` the last line that came, over it or not.
 */
export const readLines = (stream: Readable, limits: LineLimits, onLine: (line: string) => void) => {
  const decoder = new StringDecoder('utf8');
  const seen = {dropped: 0, last: ''};
  let handed = 0;
  let begun = '';
  const finish = (): void => {
    const line = begun.replace(/\p{Cc}/gu, ' ').trimEnd();
    begun = '';
    if (line === '') return;
    seen.last = line;
    if (handed++ < limits.count) onLine(line);
    else seen.dropped++;
  };
  stream.on('data', (chunk: Buffer) => {
    const [first = '', ...others] = decoder.write(chunk).split('\n');
    begun = (begun + first).slice(0, limits.width);
    for (const other of others) {
      finish();
      begun = other.slice(0, limits.width);
    }
  });
  stream.on('close', finish);
  stream.on('error', () => undefined);
  return seen;
};
