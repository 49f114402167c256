/** Runs inside the instance: `switch-restart-child UNIT URL EVERY_MS`. Prints how long a bare restart takes up to its first passing probe, in ms. */
import {execFile} from 'node:child_process';
import {get} from 'node:http';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';

const [, , unit = '', url = '', everyMs = '100'] = process.argv;
const LIMIT_MS = 60_000;

const passes = (): Promise<boolean> =>
  new Promise(resolve => {
    const request = get(url, {agent: false, timeout: 2_000}, response => {
      response.resume().on('end', () => resolve(response.statusCode === 200));
    });
    request.on('timeout', () => request.destroy()).on('error', () => resolve(false));
  });

const began = performance.now();
await promisify(execFile)('systemctl', ['restart', unit], {timeout: LIMIT_MS});
for (;;) {
  const round = performance.now();
  if (await passes()) break;
  if (round - began > LIMIT_MS) throw new Error(`${url} did not pass in ${LIMIT_MS / 1000} s`);
  await sleep(Math.max(0, round + Number(everyMs) - performance.now()));
}
console.log(performance.now() - began);
