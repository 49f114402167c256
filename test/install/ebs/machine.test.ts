import {cp, mkdir} from 'node:fs/promises';
import {basename, join} from 'node:path';
import process from 'node:process';
import {build} from 'esbuild';
import t from 'tap';
import {mountUnitName} from '../../../agent/host/mount/systemd.ts';
import type {Instance} from '../../lab/instance/host.ts';
import {startRegion} from '../../lab/region.ts';
import {must} from '../../lab/run.ts';
import {eventually} from '../../support/eventually.ts';
import {unmet} from '../../support/needs.ts';
import {temporaryFolder} from '../../support/temporary.ts';
import type {MachineRun} from './machine-child.ts';
import {content} from './world.ts';

t.setTimeout(300_000);

/** Node and the bundled child in an instance's root; gives how to run it there. */
const bake = async ({root, exec}: Instance) => {
  await mkdir(join(root, 'opt'), {recursive: true});
  await cp(process.execPath, join(root, 'opt/node'));
  const [atomic = ''] = /\/\S*libatomic\.so\.1/.exec(await must(['ldd', process.execPath])) ?? [];
  await cp(atomic, join(root, 'usr/lib', basename(atomic)), {dereference: true});
  await build({
    entryPoints: {
      child: join(import.meta.dirname, 'machine-child.ts'),
      'ec2-worker': join(import.meta.dirname, '../../../agent/host/ec2/ec2-worker.ts'),
    },
    outdir: join(root, 'opt'),
    outExtension: {'.js': '.mjs'},
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return (given: MachineRun) =>
    exec(['env', 'AWS_ENDPOINT_URL=http://10.77.0.2', '/opt/node', '/opt/child.mjs', JSON.stringify(given)]);
};

t.test(
  'in an instance PID 1 mounts, keeps and unmounts the slot',
  {skip: unmet('root', 'debian', 'loop'), timeout: 240_000},
  async t => {
    const region = await startRegion({name: `ebs-${process.pid % 10_000}`, instances: 1, files: () => ({})});
    t.teardown(region.down);
    const [instance] = region.instances;
    if (!instance) throw new Error('no instance');
    const {exec} = instance;
    const child = await bake(instance);
    await instance.boot();
    const snapshot = await region.ec2.createSnapshot({
      from: await content(await temporaryFolder(t), 'one', 'hello'),
    });
    const given = {work: 'stage', snapshot, slot: 'g1-one'} as const;
    const hello = '/var/lib/release-agent/slots/g1-one/hello';
    const read = async () => (await exec(['cat', hello])).stdout;
    const unit = mountUnitName('/var/lib/release-agent/slots/g1-one');

    const staged = await child(given);
    t.equal(staged.stderr, '');
    t.comment(
      `staged in ${staged.stdout.trim()} ms, ${region.ec2.calls.map(({action}) => action).join(' ')}`,
    );
    t.equal(await read(), 'hello', 'what is mounted outlives the process that asked for it');
    t.equal((await exec(['systemctl', 'is-active', unit])).stdout.trim(), 'active');

    const busy = exec(['sh', '-c', `exec 3<${hello}; echo $$ >/run/held; exec sleep 300`]);
    await eventually('the file is open', async () => (await exec(['test', '-s', '/run/held'])).code === 0);
    const refused = await child({...given, work: 'prune'});
    t.match(refused.stderr, /^mount\.busy: /);
    t.equal(await read(), 'hello');
    await exec(['sh', '-c', 'kill $(cat /run/held)']);
    await busy;

    await instance.kill();
    await instance.boot();
    const again = await child({...given, endpoint: 'http://127.0.0.1:9'});
    t.same([again.stderr, await read()], ['', 'hello'], 'after a power cut it is mounted again without EC2');
    t.comment(`mounted again in ${again.stdout.trim()} ms`);

    const pruned = await child({...given, work: 'prune'});
    t.equal(pruned.stderr, '');
    await eventually('no volume left', () => region.ec2.volumes().length === 0);
    const {stdout} = await exec(['systemctl', 'list-units', '--all', '--plain', '--no-legend', unit]);
    t.equal(stdout, '', 'its unit is gone');
    const files = ['find', '/run/systemd/system', '/run/systemd/transient', '-name', '*slots*'];
    t.equal((await exec(files)).stdout, '', 'and no file of it is left');
  },
);
