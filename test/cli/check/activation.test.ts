import {symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t, {type Test} from 'tap';
import {activationPart, unitFindings} from '../../../agent/cli/check/activation.ts';
import {spacePart} from '../../../agent/cli/check/space.ts';
import type {Settings} from '../../../agent/config/settings.ts';
import {parseUnit} from '../../../agent/host/systemd/systemd.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const never = new AbortController().signal;

const setUp = async (t: Test) => {
  const stateDir = await temporaryFolder(t);
  const path = join(stateDir, 'release');
  const activate = {kind: 'process', path, units: []};
  const settings = {activate, stateDir} as unknown as Settings;
  return {path, stateDir, settings};
};

t.test('a path where the link can be made, or is, is fine', async t => {
  const {path, stateDir, settings} = await setUp(t);
  t.match(await activationPart.examine({settings, root: '/'}, never), {problems: [], notes: []});
  await symlink(join(stateDir, 'current'), path);
  t.match(await activationPart.examine({settings, root: '/'}, never), {problems: [], notes: []});
});

t.test('a path where something else is, is a problem', async t => {
  const {path, settings} = await setUp(t);
  await writeFile(path, '');
  t.match(await activationPart.examine({settings, root: '/'}, never), {
    problems: [{name: 'activate.path', expected: /nothing, or a link to/, got: 'a file or folder'}],
  });
});

t.test('a state folder that is not there yet has the room of the one above it', async t => {
  const {stateDir, settings} = await setUp(t);
  const subject = {settings: {...settings, stateDir: join(stateDir, 'a/b')}, root: '/'};
  t.match(await spacePart.examine(subject, never), {problems: []});
});

t.test('a disk with hardly any room is worth a note', async t => {
  const {settings} = await setUp(t);
  const subject = {settings: {...settings, stateDir: '/proc/nowhere'}, root: '/'};
  t.match(await spacePart.examine(subject, never), {problems: [], notes: [/has only 0 MiB free/]});
});

t.test('a masked unit is a problem, one that a release may bring along is noted', async t => {
  const of = (load: string) => unitFindings(parseUnit('web.service', `LoadState=${load}`));
  t.same(of('loaded'), {problems: [], notes: []});
  t.match(of('not-found'), {problems: [], notes: [/web.service is not there yet/]});
  t.match(of('masked'), {problems: [{name: 'activate.units', expected: /web.service/, got: 'masked'}]});
});
