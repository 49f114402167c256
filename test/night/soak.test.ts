/** The soak, small: eleven releases, one of them bad, under load; nothing is lost and nothing grows. */
import {spawn} from 'node:child_process';
import process from 'node:process';
import t from 'tap';
import {unmet} from '../support/needs.ts';

const SCRIPT = new URL('../../scripts/soak.ts', import.meta.url).pathname;
const SEEDS = 1_000;

const soak = (args: readonly string[]): Promise<{code: number | null; stdout: string; stderr: string}> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SCRIPT, ...args], {stdio: ['ignore', 'pipe', 'pipe']});
    t.teardown(() => child.kill('SIGTERM'));
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject).on('close', code => resolve({code, stdout, stderr}));
  });

t.test('a wrong option is told with the usage', async t => {
  const {code, stdout, stderr} = await soak(['--releases', '5']);
  t.equal(code, 2);
  t.equal(stdout, '');
  t.match(stderr, /expected --releases to be a whole number from 11 to 10000, got "5".*--instances N/s);
});

const skip = unmet('root', 'debian', 'loop');

t.test('eleven releases, one of them bad', {skip, timeout: 600_000}, async t => {
  const seed = process.env.SEED ?? String(Math.floor(Math.random() * SEEDS));
  t.comment(`SEED=${seed}`);
  const args = ['--releases', '11', '--settle', '5', '--seed', /^\d{1,9}$/.test(seed) ? seed : '1'];
  const {code, stdout, stderr} = await soak(args);
  t.equal(code, 0, stderr);
  const figures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, number | string>;
  t.match(figures, {bench: 'soak', releases: 11, bad: 1, lost: 0, grown: 0});
  t.ok(Number(figures.requests) > 1_000, `${figures.requests} requests`);
});
