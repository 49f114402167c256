import {existsSync} from 'node:fs';
import {mkdir, readdir, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import t from 'tap';
import {temporaryFolder} from '../../support/temporary.ts';
import {cached} from './cache.ts';

const LONG_AGO = new Date('2020-01-01');

t.beforeEach(async t => {
  process.env.RELEASE_AGENT_LAB_CACHE = await temporaryFolder(t);
});

t.test('what was just built is kept, however old the dates in it are', async t => {
  const consul = await cached('consul', async scratch => {
    await writeFile(join(scratch, 'program'), '');
    await utimes(scratch, LONG_AGO, LONG_AGO);
  });
  await cached('moto', async () => undefined);
  t.ok(existsSync(join(consul, 'program')));
});

t.test('what nothing used for a week makes room for what is built', async t => {
  const consul = await cached('consul', async () => undefined);
  await utimes(consul, LONG_AGO, LONG_AGO);
  await cached('moto', async () => undefined);
  t.notOk(existsSync(consul));
});

t.test('what another process is building is left alone, what one left behind is not', async t => {
  const cache = process.env.RELEASE_AGENT_LAB_CACHE ?? '';
  const [running, ended] = [`base-1.building-${process.pid}`, 'base-1.building-99999999'];
  for (const name of [running, ended]) {
    await mkdir(join(cache, name));
    await utimes(join(cache, name), LONG_AGO, LONG_AGO);
  }
  await cached('moto', async () => undefined);
  t.same((await readdir(cache)).sort(), [running, 'moto']);
});
