import {type ChildProcess, type SpawnOptions, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {chmod, readdir, readFile, readlink} from 'node:fs/promises';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import t, {type Test} from 'tap';
import {eventually} from '../support/eventually.ts';
import {temporaryFolder} from '../support/temporary.ts';

const DEMO = fileURLToPath(new URL('../../scripts/demo.ts', import.meta.url));
const NOBODY = 65_534;

// The demo needs no root, so it gets none, where nobody may read the checkout at all.
const nobody = {uid: NOBODY, gid: NOBODY};
const isReadable = () => spawnSync(process.execPath, [DEMO, '--help'], nobody).status === 0;
const user: SpawnOptions = process.getuid?.() === 0 && isReadable() ? nobody : {};

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** the exit status */
  readonly ended: Promise<number | null>;
}

const start = (folder: string): Run => {
  const child = spawn(process.execPath, [DEMO], {
    ...user,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {PATH: process.env.PATH, TMPDIR: folder},
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = once(child, 'close').then(([status]) => status as number | null);
  return {child, output: () => output, ended};
};

/** Processes that have to do with a folder, by arguments, environment or working directory. */
const processesOf = async (folder: string): Promise<readonly string[]> => {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async pid => {
      const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      const [args, environment] = [await read('cmdline'), await read('environ')];
      return `${args}${environment}${cwd}`.includes(folder) ? `${pid} ${args.replaceAll('\0', ' ')}` : null;
    }),
  );
  return found.filter(text => text !== null);
};

const openFolder = async (t: Test): Promise<string> => {
  const folder = await temporaryFolder(t);
  await chmod(folder, 0o777);
  return folder;
};

t.test(
  'the demo boots a fleet, rolls a release in waves, has the fleet take a bad one back and leaves nothing behind',
  async t => {
    const folder = await openFolder(t);
    const {output, ended} = start(folder);
    t.equal(await ended, 0, 'exit status', {output: output()});
    const last = output().trimEnd().split('\n').at(-1) ?? '';
    t.match(last, /^demo: 6 hosts, 2 releases rolled, 1 rolled back, \d{3,} requests, 0 failed$/);
    const told = [
      /fleet +rolling out release 2; asked for: release 2: "a faster checkout" \(operator\)/,
      /fleet +wave 1 of 2 \(canary\)/,
      /host-1 +serving release 2\n/,
      /fleet +wave 2 of 2 \(50%\)/,
      /fleet +steady on release 2/,
      /host-1 +serving release 3\n/,
      /host-\d +serving release 3, baking\n/,
      /host-\d +why: it failed while baking: http \S+: HTTP 503: there is no cache in zone-[23]/,
      /fleet +release 3 failed; going back to release 2/,
      /fleet +release 3 failed; back on release 2/,
      /asked .* by operator, carts from the cache\n +state +reverted after \d+ s; \d done, \d rolled back/,
    ];
    let rest = output();
    for (const line of told) {
      t.match(rest, line);
      rest = rest.slice(rest.search(line));
    }
    t.same(await processesOf(folder), [], 'no process is left');
    t.same(await readdir(folder), [], 'no file is left');
  },
);

t.test('an interrupted demo leaves nothing behind', async t => {
  const folder = await openFolder(t);
  const {child, output, ended} = start(folder);
  const leaves = () => /host-\d +leaving traffic/.test(output());
  await eventually('a host to leave traffic', leaves, {timeoutMs: 60_000});
  t.ok((await processesOf(folder)).length > 6, 'the agents and the applications are found');
  child.kill('SIGINT');
  t.equal(await ended, 130, 'exit status', {output: output()});
  t.same(await processesOf(folder), [], 'no process is left');
  t.same(await readdir(folder), [], 'no file is left');
});

t.test('a demo that goes wrong says so and keeps its logs', async t => {
  const folder = await openFolder(t);
  const {output, ended} = start(folder);
  await eventually('a host to serve', () => output().includes('host-1    serving release 1'), {
    timeoutMs: 60_000,
  });
  const agents = (await processesOf(folder)).filter(line => line.includes('agent/main.ts'));
  process.kill(Number.parseInt(agents[0] ?? '', 10), 'SIGKILL');
  t.equal(await ended, 1, 'exit status', {output: output()});
  t.match(output(), /demo: the agent of host-\d ended with SIGKILL/);
  t.match(output(), /The end of \S+\/host-6\/agent\.log:\n.*release-agentd \S+ starts/);
  t.match(output(), new RegExp(`The logs and all other files stay in ${folder}/`));
  t.same(await processesOf(folder), [], 'no process is left');
});

t.test('an unknown option is refused', async t => {
  const {status, stderr} = spawnSync(process.execPath, [DEMO, '--fast'], {encoding: 'utf8'});
  t.equal(status, 2);
  t.match(stderr, /--fast/);
});
