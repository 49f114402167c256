import process from 'node:process';
import t from 'tap';
import {run} from '../../../agent/host/process/process.ts';
import {eventually} from '../../support/eventually.ts';
import {reasonFrom} from '../../support/reason-from.ts';

const never = new AbortController().signal;
const limits = {timeoutMs: 10_000};
const sh = (script: string, more = {}, signal = never) =>
  run('sh', ['-c', script], {...limits, ...more}, signal);

t.test('exit code and output, without the last line end', async t => {
  t.same(await sh('echo one; echo two; echo three >&2; echo; exit 3', {accept: [3]}), {
    exitCode: 3,
    stdout: 'one\ntwo\n',
    stderr: 'three',
  });
});

t.test('a minimal environment, a folder, an input', async t => {
  process.env.SECRET = 'not-for-children';
  const {stdout} = await sh('env; pwd; cat', {env: {OWN: 'yes'}, cwd: '/usr', input: 'given ✓'});
  t.match(stdout, /^OWN=yes$/m);
  t.match(stdout, /^PATH=\/usr\/local\/sbin:/m);
  t.notMatch(stdout, 'not-for-children');
  t.ok(stdout.endsWith('/usr\ngiven ✓'), stdout);
});

t.test('a program that does not read its input', async t => {
  t.equal((await run('true', [], {...limits, input: 'x'.repeat(1_000_000)}, never)).exitCode, 0);
});

t.test('a failure, with the last line of what it said', async t => {
  const failed = await reasonFrom(sh('echo first >&2; echo last >&2; exit 4'));
  t.match(failed, {kind: 'child.failed', details: {command: 'sh', cause: 'exit status 4: last'}});
  t.match(await reasonFrom(sh('kill -9 $$')), {details: {cause: 'SIGKILL'}});
});

t.test('a program that cannot start', async t => {
  t.match(await reasonFrom(run('/no/such', [], limits, never)), {details: {cause: 'ENOENT'}});
  t.match(await reasonFrom(run('/etc/passwd', [], limits, never)), {details: {cause: 'EACCES'}});
  t.match(await reasonFrom(run('true', [], {...limits, cwd: '/no/such'}, never)), {
    details: {cause: 'ENOENT'},
  });
  t.match(await reasonFrom(run('true', ['\0'], limits, never)), {kind: 'child.failed'});
});

t.test('more output than is kept ends it', async t => {
  t.equal((await sh('printf 12345', {maxOutput: 5})).stdout, '12345');
  const why = await reasonFrom(sh('yes', {maxOutput: 5}));
  t.match(why, {kind: 'child.failed', details: {cause: /^more than 5 bytes of output/}});
});

t.test('past the deadline it is ended, by force when it must be', {timeout: 30_000}, async t => {
  const began = performance.now();
  const why = await reasonFrom(sh('trap "" TERM; while :; do sleep 0.05; done', {timeoutMs: 100}));
  t.match(why, {kind: 'child.timeout', details: {seconds: 0.1}});
  t.ok(performance.now() - began > 2_000);
});

t.test('an abort ends it', async t => {
  const end = new AbortController();
  const running = sh('echo $$ >&2; exec sleep 1000', {}, end.signal);
  setTimeout(() => end.abort(new Error('enough')), 50);
  await t.rejects(running, {message: 'enough'});
  const aborted = sh('true', {}, end.signal);
  await t.rejects(aborted, {message: 'enough'});
});

t.test('nothing of it stays behind', async t => {
  const resources = () => process.getActiveResourcesInfo().filter(each => /Process|Pipe/.test(each)).length;
  const before = resources();
  await Promise.all(Array.from({length: 20}, () => sh('true')));
  t.ok(await eventually('no pipe and no process', () => resources() <= before));
});
