/** The same job by Consul's own means: `consul lock -n`, one contender for each host. */
import {spawn} from 'node:child_process';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {idealMsOf, limitOf, outMsOf} from './fleet.ts';

interface Contenders {
  readonly program: string;
  readonly address: string;
  readonly hosts: number;
  readonly slowestMs: number;
}

/**
 * From the begin of the first command to the end of the last, over the ideal. Every contender waits for as long as the host of that
 * number is out; starting sixty programs is not counted.
 */
export const lockVersusIdeal = async (contenders: Contenders): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'release-agent-lock-'));
  try {
    const times = join(folder, 'times');
    await Promise.all(Array.from({length: contenders.hosts}, (_, n) => contend(contenders, n, times)));
    const moments = (await readFile(times, 'utf8')).trim().split('\n').map(Number);
    return (Math.max(...moments) - Math.min(...moments)) / idealMsOf(contenders);
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
};

const contend = (contenders: Contenders, n: number, times: string): Promise<void> => {
  const {program, address, hosts} = contenders;
  const command = `date +%s%3N >>${times}; sleep ${outMsOf(n, contenders) / 1_000}; date +%s%3N >>${times}`;
  const options = [`-http-addr=${address}`, `-n=${limitOf(hosts)}`, '-monitor-retry=3'];
  const child = spawn(program, ['lock', ...options, 'bench-lock', command], {stdio: 'ignore'});
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', code =>
      code === 0 ? resolve() : reject(new Error(`consul lock ended with ${code}`)),
    );
  });
};
