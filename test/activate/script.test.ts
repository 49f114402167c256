import {chmod, mkdir, readFile, symlink, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import t, {type Test} from 'tap';
import {launchChild} from '../../agent/activate/launch.ts';
import {runScript, type ScriptOptions} from '../../agent/activate/script.ts';
import {eventually} from '../support/eventually.ts';
import {keptLog} from '../support/log.ts';
import {reasonFrom} from '../support/reason-from.ts';
import {temporaryFolder} from '../support/temporary.ts';

const signal = new AbortController().signal;

const release = async (t: Test, text?: string) => {
  const directory = await temporaryFolder(t);
  const script = 'deploy/start';
  const path = join(directory, script);
  await mkdir(dirname(path));
  if (text !== undefined) await writeFile(path, text, {mode: 0o755});
  const {log, lines} = keptLog();
  const options: ScriptOptions = {
    script,
    directory,
    environment: {PATH: '/usr/bin:/bin', RELEASE_AGENT_ROLE: 'web'},
    timeoutMs: 20_000,
    release: 'snap-1',
    launch: launchChild,
    log,
  };
  return {directory, path, options, lines};
};

const pidsIn = async (file: string): Promise<number[]> =>
  eventually('both processes are there', async () => {
    const pids = (await readFile(file, 'utf8').catch(() => '')).trim().split(/\s+/);
    return pids.length === 2 && pids.map(Number);
  });
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

t.test('the script runs in the release with only the environment it is given', async t => {
  const {directory, options} = await release(t, '#!/bin/sh\npwd > seen; env >> seen\n');
  await runScript(options, signal);
  const seen = (await readFile(join(directory, 'seen'), 'utf8')).split('\n');
  t.equal(seen[0], directory);
  t.ok(seen.includes('RELEASE_AGENT_ROLE=web'));
  t.notOk(seen.some(line => line.startsWith('HOME=') || line.startsWith('USER=')));
});

t.test('its output is logged line by line with the release', async t => {
  const {options, lines} = await release(t, '#!/bin/sh\necho one; printf "two\\033[1m" >&2; exit 0\n');
  await runScript(options, signal);
  t.same(lines.map(({message}) => message).sort(), ['one', 'two [1m']);
  t.same(lines[0]?.fields, {release: 'snap-1', script: 'deploy/start'});
});

t.test('endless output is bounded', async t => {
  const {options, lines} = await release(t, '#!/bin/sh\nseq 1 5000\nhead -c 100000 /dev/zero | tr "\\0" x\n');
  await runScript(options, signal);
  t.equal(lines.length, 1_001);
  t.same(lines.at(-1)?.message, '4001 more lines of output are not logged');
});

t.test('a failing script gives its status and its last line', async t => {
  const {options} = await release(t, '#!/bin/sh\necho fine\necho "no such table" >&2\nexit 3\n');
  t.match(await reasonFrom(runScript(options, signal)), {
    kind: 'script.failed',
    details: {script: 'deploy/start', status: 'exit status 3', output: 'no such table'},
  });
  const killed = await release(t, '#!/bin/sh\nkill -9 $$\n');
  t.match(await reasonFrom(runScript(killed.options, signal)), {details: {status: 'SIGKILL'}});
});

t.test('a script whose interpreter is missing gives that', async t => {
  const {options} = await release(t, '#!/nowhere/sh\n');
  t.match(await reasonFrom(runScript(options, signal)), {
    kind: 'script.failed',
    details: {status: 'exit status 127', output: /first line \(#!\) is not there/},
  });
});

t.test('at the deadline the script and its children are ended, though they ignore SIGTERM', async t => {
  const {directory, options} = await release(
    t,
    '#!/bin/sh\ntrap "" TERM\nsleep 1000 &\necho $$ $! > pids\nwait\nwait\nsleep 1000\n',
  );
  const running = runScript({...options, timeoutMs: 700}, signal);
  running.catch(() => undefined);
  const pids = await pidsIn(join(directory, 'pids'));
  t.match(await reasonFrom(running), {kind: 'script.timeout', details: {seconds: 0.7}});
  await eventually('nothing is left', () => !pids.some(isAlive));
});

t.test('a script that hangs gives its last line: what it waits for', async t => {
  const {options} = await release(t, '#!/bin/sh\necho "waiting for the database"\nsleep 1000\n');
  const why = await reasonFrom(runScript({...options, timeoutMs: 700}, signal));
  t.match(why, {kind: 'script.timeout', details: {output: 'waiting for the database'}});
  const asking = await release(t, '#!/bin/sh\nprintf "Continue? "\nsleep 1000\n');
  const prompt = await reasonFrom(runScript({...asking.options, timeoutMs: 700}, signal));
  t.match(prompt, {details: {output: 'Continue?'}}, 'a line without its end');
});

t.test('an aborted script is ended', async t => {
  const {directory, options} = await release(t, '#!/bin/sh\nsleep 1000 &\necho $$ $! > pids\nwait\n');
  const controller = new AbortController();
  const running = runScript(options, controller.signal);
  running.catch(() => undefined);
  const pids = await pidsIn(join(directory, 'pids'));
  controller.abort(new Error('enough'));
  await t.rejects(running, {message: 'enough'});
  await eventually('nothing is left', () => !pids.some(isAlive));
});

t.test('a child that keeps the output open does not hold up a script that is done', async t => {
  const {directory, options} = await release(t, '#!/bin/sh\nsleep 1000 &\necho $$ $! > pids\n');
  await runScript(options, signal);
  const [, child = 0] = await pidsIn(join(directory, 'pids'));
  t.ok(isAlive(child));
  process.kill(child);
});

t.test('a script that is not there is missing', async t => {
  const {options} = await release(t);
  t.match(await reasonFrom(runScript(options, signal)), {
    kind: 'script.missing',
    details: {script: 'deploy/start'},
  });
  t.match(await reasonFrom(runScript({...options, directory: '/nowhere'}, signal)), {
    kind: 'activate.failed',
  });
});

t.test('a script that leads outside the release is refused', async t => {
  const {path, options} = await release(t);
  await symlink('/bin/true', path);
  await t.rejects(runScript(options, signal), {message: /leads outside/});
  await t.rejects(runScript({...options, script: '../../../../../../bin/true'}, signal), {
    message: /leads outside/,
  });
});

t.test('a script that is no executable file is refused', async t => {
  const {path, options} = await release(t, '#!/bin/sh\n');
  await chmod(path, 0o644);
  await t.rejects(runScript(options, signal), {message: /is not executable/});
  await t.rejects(runScript({...options, script: 'deploy'}, signal), {message: /is not a file/});
});
