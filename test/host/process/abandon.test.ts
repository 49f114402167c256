/** A program that waits for a disk which does not answer cannot be killed: the agent goes on without it. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import t, {type Test} from 'tap';
import {run} from '../../../agent/host/process/process.ts';
import {must} from '../../lab/run.ts';
import {eventually} from '../../support/eventually.ts';
import {unmet} from '../../support/needs.ts';
import {reasonFrom} from '../../support/reason-from.ts';
import {temporaryFolder} from '../../support/temporary.ts';

/** A folder whose disk is frozen: who writes to it sleeps, uninterruptibly, until the test is over. */
const frozenFolder = async (t: Test): Promise<string> => {
  const folder = await temporaryFolder(t);
  const [image, place] = [join(folder, 'image'), join(folder, 'disk')];
  await must(['truncate', '--size=16M', image]);
  await must(['mkfs.ext4', '-q', image]);
  await must(['mkdir', place]);
  await must(['mount', '-o', 'loop', image, place]);
  // who hung there ends some time after the thaw
  t.teardown(() => eventually('nobody uses the disk', () => must(['umount', place])));
  await must(['fsfreeze', '--freeze', place]);
  t.teardown(() => must(['fsfreeze', '--unfreeze', place]));
  return place;
};

const stateOf = async (pid: number): Promise<string> =>
  /^State:\s+(\S)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

/** The program tells its pid, then hangs. */
const hangIn = (folder: string) =>
  ['sh', ['-c', `echo $$ >"$0"; : >"$1"`, join(folder, '../pid'), join(folder, 'file')]] as const;
const pidIn = (folder: string) =>
  eventually(
    'the pid',
    async () => Number(await readFile(join(folder, '../pid'), 'utf8').catch(() => 0)) || false,
  );

for (const group of [false, true])
  t.test(
    `a program that even SIGKILL does not end is left behind${group ? ', with its group' : ''}`,
    {skip: unmet('root', 'debian', 'loop'), timeout: 60_000},
    async t => {
      const folder = await frozenFolder(t);
      const [program, args] = hangIn(folder);
      const began = performance.now();
      const ended = reasonFrom(run(program, args, {timeoutMs: 500, group}, new AbortController().signal));
      const pid = await pidIn(folder);
      await eventually('it hangs', async () => (await stateOf(pid)) === 'D');
      t.match(await ended, {kind: 'child.timeout', details: {command: 'sh', seconds: 0.5}});
      t.ok(performance.now() - began < 8_000, `after ${Math.round(performance.now() - began)} ms`);
      t.equal(await stateOf(pid), 'D', 'it still hangs');
      await must(['fsfreeze', '--unfreeze', folder]);
      await eventually('its end', async () => !(await readFile(`/proc/${pid}/status`).catch(() => null)));
      await must(['fsfreeze', '--freeze', folder]);
    },
  );

t.test(
  'an abort does not wait for it either',
  {skip: unmet('root', 'debian', 'loop'), timeout: 60_000},
  async t => {
    const folder = await frozenFolder(t);
    const [program, args] = hangIn(folder);
    const controller = new AbortController();
    const ended = t.rejects(run(program, args, {timeoutMs: 600_000}, controller.signal), {message: 'enough'});
    const pid = await pidIn(folder);
    await eventually('it hangs', async () => (await stateOf(pid)) === 'D');
    const began = performance.now();
    controller.abort(new Error('enough'));
    await ended;
    t.ok(performance.now() - began < 8_000, `after ${Math.round(performance.now() - began)} ms`);
  },
);
