import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {findProgram} from '../lab/image/prepare.ts';
import {run} from '../lab/run.ts';
import {CAPABILITIES} from './unit.ts';

const UNIT = join(import.meta.dirname, '../../systemd/release-agentd.service');
const needs = findProgram('systemd-analyze') === undefined ? 'needs systemd-analyze' : false;

/** Every `Name=value` of the unit, in order. */
const settings = async (): Promise<readonly (readonly [string, string])[]> =>
  (await readFile(UNIT, 'utf8')).split('\n').flatMap(line => {
    const [, name, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });

t.test('the exposure of the unit is at most 4.0', {skip: needs}, async t => {
  const {code, stdout, stderr} = await run([
    'systemd-analyze',
    'security',
    '--no-pager',
    '--offline=yes',
    '--threshold=40',
    UNIT,
  ]);
  const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
  t.comment(`exposure ${exposure}`);
  t.equal(code, 0, stderr);
  t.ok(Number(exposure) <= 4, `exposure ${exposure}`);
});

t.test('systemd finds nothing wrong with the unit', {skip: needs}, async t => {
  const {stderr} = await run(['systemd-analyze', 'verify', '--man=no', UNIT]);
  const words = stderr.split('\n').filter(line => line.includes('release-agentd.service:'));
  // the program is where the package puts it
  t.same(
    words.filter(line => !line.includes('/usr/lib/release-agent/node is not executable')),
    [],
  );
});

t.test('it has the capabilities that have a reason, and no other', async t => {
  const given = (await settings()).filter(([name]) => name === 'CapabilityBoundingSet');
  t.same(
    given.flatMap(([, value]) => value.split(' ')),
    CAPABILITIES.map(({name}) => name),
  );
  for (const {name, why} of CAPABILITIES) t.ok(why.length > 20, `${name}: ${why}`);
  t.notOk((await settings()).some(([name]) => name === 'AmbientCapabilities'));
});

t.test('it may write to its own folders and nowhere else', async t => {
  const all = await settings();
  const of = (wanted: string) => all.filter(([name]) => name === wanted).map(([, value]) => value);
  t.same(of('ProtectSystem'), ['strict']);
  t.same(of('ReadWritePaths'), []);
  for (const name of ['StateDirectory', 'CacheDirectory', 'RuntimeDirectory'])
    t.same(of(name), ['release-agent']);
});
