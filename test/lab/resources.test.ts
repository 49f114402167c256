import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import t from 'tap';
import {unmet} from '../support/needs.ts';
import {startTimeOf} from './process.ts';
import {listRegions, openResources, removeLeftovers, runDirOf} from './resources.ts';
import {run} from './run.ts';

const name = `crash-${process.pid % 10_000}`;

/** Makes one resource of each kind as the region `name`, says so, and stays. */
const CRASHING = `
import {writeFileSync} from 'node:fs';
import {openResources} from '${new URL('resources.ts', import.meta.url)}';
import {startProcess} from '${new URL('process.ts', import.meta.url)}';
import {must} from '${new URL('run.ts', import.meta.url)}';
const resources = await openResources('${name}');
const folder = resources.dir + '-data';
await must(['mkdir', '-p', folder + '/mnt']);
resources.add({kind: 'folder', path: folder});
await must(['ip', 'netns', 'add', 'lab-${name}-x']);
resources.add({kind: 'netns', name: 'lab-${name}-x'});
const image = folder + '/image';
await must(['truncate', '-s', '8M', image]);
const device = (await must(['losetup', '--find', '--show', image])).trim();
resources.add({kind: 'loop', device, image});
await must(['mount', '-t', 'tmpfs', 'none', folder + '/mnt']);
resources.add({kind: 'mount', path: folder + '/mnt'});
const sleeper = startProcess({argv: ['setsid', 'sleep', '300'], log: '/dev/null'});
resources.add({kind: 'process', what: 'sleep', pid: sleeper.pid, startTime: sleeper.startTime});
process.stdout.write('ready ' + sleeper.pid);
setInterval(() => {}, 1000);
`;

t.test(
  'what a crashed region left is removed by a later process',
  {skip: unmet('root', 'debian', 'loop')},
  async t => {
    const owner = spawn(process.execPath, ['--input-type=module', '-e', CRASHING], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.teardown(() => owner.kill('SIGKILL'));
    const [words] = (await once(owner.stdout, 'data')) as [Buffer];
    await t.rejects(openResources(name), {message: /in use by process/});
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    t.match(
      listRegions().find(each => each.name === name),
      {isAlive: false},
    );
    await removeLeftovers(name);
    const left = async (argv: string[]) => (await run(argv)).stdout;
    t.notMatch(await left(['ip', 'netns', 'list']), name);
    t.notMatch(await left(['mount']), name);
    t.notMatch(await left(['losetup', '--list']), name);
    t.notOk(existsSync(`${runDirOf(name)}-data`));
    t.notOk(existsSync(runDirOf(name)));
    t.equal(startTimeOf(Number(words.toString().split(' ')[1])), undefined);
  },
);

t.test('a process that only has the same number is left alone', {skip: unmet('root')}, async t => {
  const resources = await openResources(`other-${process.pid % 10_000}`);
  resources.add({kind: 'process', what: 'not ours', pid: process.ppid, startTime: '1'});
  await resources.removeAll();
  t.ok(existsSync(`/proc/${process.ppid}`));
});

t.test('a region name that is none is refused', async t => {
  t.throws(() => runDirOf('../etc'), {message: /expected a region name/});
});
