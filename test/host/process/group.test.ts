import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import t from 'tap';
import {run} from '../../../agent/host/process/process.ts';
import {eventually} from '../../support/eventually.ts';
import {reasonFrom} from '../../support/reason-from.ts';

const withMark = (mark: string): readonly string[] =>
  readdirSync('/proc').filter(name => {
    try {
      return /^\d+$/.test(name) && readFileSync(join('/proc', name, 'environ'), 'utf8').includes(mark);
    } catch {
      return false;
    }
  });

// A leader that starts a child which ignores SIGTERM, as a hanging transport helper would.
const SCRIPT = 'trap "" TERM; sleep 60 & wait; sleep 60';

t.test('past the deadline the whole group of a program is gone', async t => {
  const mark = `MARK-${process.pid}-deadline`;
  const began = performance.now();
  const options = {timeoutMs: 300, group: true, env: {MARK: mark}};
  const {kind} = await reasonFrom(run('bash', ['-c', SCRIPT], options, new AbortController().signal));
  t.equal(kind, 'child.timeout');
  t.ok(performance.now() - began < 10_000);
  await eventually('the end of the group', () => withMark(mark).length === 0);
});

t.test('who outlives the leader of an ended group does not outlive it for long', async t => {
  const mark = `MARK-${process.pid}-orphan`;
  const script = '(trap "" TERM; exec sleep 60 >/dev/null 2>&1) & wait';
  const options = {timeoutMs: 300, group: true, env: {MARK: mark}};
  const {kind} = await reasonFrom(run('bash', ['-c', script], options, new AbortController().signal));
  t.equal(kind, 'child.timeout');
  await eventually('the end of the group', () => withMark(mark).length === 0);
});

t.test('an aborted program takes its group along', async t => {
  const mark = `MARK-${process.pid}-abort`;
  const controller = new AbortController();
  const options = {timeoutMs: 30_000, group: true, env: {MARK: mark}};
  const ended = t.rejects(run('bash', ['-c', SCRIPT], options, controller.signal), {name: 'AbortError'});
  await eventually('the group', () => withMark(mark).length >= 2);
  controller.abort();
  await ended;
  await eventually('the end of the group', () => withMark(mark).length === 0);
});

t.test("a mask is the program's own and does not stay", async t => {
  const before = process.umask();
  const {stdout} = await run(
    'bash',
    ['-c', 'umask'],
    {timeoutMs: 5_000, umask: 0o027},
    new AbortController().signal,
  );
  t.equal(stdout, '0027');
  t.equal(process.umask(), before);
});
