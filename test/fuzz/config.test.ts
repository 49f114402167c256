/** The configuration, whoever wrote it: settings that hold, or every problem in words that can be shown. */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import fc from 'fast-check';
import {parse, stringify} from 'smol-toml';
import t from 'tap';
import {type Fragment, parseFragment, readFragments} from '../../agent/config/fragments/fragments.ts';
import {loadSettings, readSettings, type SettingsReading} from '../../agent/config/load.ts';
import {OPTIONS} from '../../agent/config/options/options.ts';
import {problemText} from '../../agent/config/options/problem.ts';
import type {Settings} from '../../agent/config/settings.ts';
import {reason, reasonText} from '../../agent/core/reason.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {CASES, fuzz, outcomeOf, presentable} from './fuzz.ts';
import {bytes, damaged, documentTexts, json, mutated, text} from './inputs.ts';

const FULL = `
app = "web"
channel = "production"
role = "front"
store = "consuls://127.0.0.1:8500/release-agent"
seed = "snap-0123456789abcdef0"
[consul]
token-file = "/etc/token"
[install]
git = { url = "https://git.example/app.git", credential-file = "/etc/credential" }
ebs = { volume-type = "gp3", iops = 3000, owners = ["123456789012"], max-size = "10GiB" }
[activate]
script = "deploy/start"
environment = {LANG = "C"}
[roles.front]
units = ["web.service"]
[traffic]
consul = { service = "web" }
commands = { leave = ["/usr/bin/true"], rejoin = ["/usr/bin/true"] }
drain = { ports = [8080, 8443], timeout = "30s" }
[gate]
http = "http://127.0.0.1:8080/healthz"
timeout = "60s"
bake = "30s"
`;

const DOCUMENT = parse(FULL);
const OPTION_NAMES = Object.keys(OPTIONS);

/** One more option, at its place, with any value. */
const oneOption = fc
  .tuple(fc.constantFrom(...OPTION_NAMES), json)
  .map(([name, value]) => name.split('.').reduceRight<unknown>((inner, part) => ({[part]: inner}), value));

// a TOML file is always a table
const tableOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? {...value} : {value};

const tables = fc.oneof(mutated(DOCUMENT), oneOption).map(tableOf);

const holds = (reading: SettingsReading): void => {
  if (reading.ok) {
    settingsHold(reading.settings);
    return;
  }
  if (reading.problems.length === 0) throw new Error('it is refused without a problem');
  for (const problem of reading.problems) {
    presentable(problemText(problem));
    for (const part of Object.values(problem)) if (part !== null) presentable(String(part));
  }
};

/** What every part of the agent relies on. */
const settingsHold = (settings: Settings): void => {
  const {app, channel, role, stateDir, runDir, activate, gate, traffic} = settings;
  for (const name of [app, channel, role])
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) throw new Error(`a name that is no part of a key: ${name}`);
  for (const path of [stateDir, runDir, activate.path])
    if (!path.startsWith('/') || path.includes('/../')) throw new Error(`a path that leads astray: ${path}`);
  for (const ms of [gate.timeoutMs, gate.bakeMs, traffic.drain.timeoutMs, activate.timeoutMs])
    if (!Number.isSafeInteger(ms) || ms < 0) throw new Error(`a duration of ${ms}`);
};

const fragment = (table: Record<string, unknown>): Fragment => ({file: '/etc/config.toml', table});

t.test('tables', async t => {
  const tags = fc.dictionary(fc.constantFrom('release-agent:app', 'release-agent:role', 'other'), text);
  const input = fc.record({fragments: fc.array(tables, {minLength: 1, maxLength: 3}), tags});
  await fuzz(t, {runs: CASES.pure, input}, ({fragments, tags}) =>
    holds(readSettings({fragments: {fragments: fragments.map(fragment), problems: []}, tags})),
  );
});

const toml = fc.oneof(
  {weight: 4, arbitrary: damaged(fc.constant(FULL))},
  {weight: 3, arbitrary: tables.map(safely)},
  {weight: 1, arbitrary: documentTexts(DOCUMENT)},
  {weight: 1, arbitrary: text},
  {weight: 1, arbitrary: bytes.map(each => each.toString('utf8'))},
);

// not everything that a table can hold has a form in TOML
function safely(table: Record<string, unknown>): string {
  try {
    return stringify(table);
  } catch {
    return FULL;
  }
}

t.test('texts', async t => {
  await fuzz(t, {runs: CASES.pure, input: toml}, text => {
    const read = parseFragment('/etc/config.toml', text);
    const fragments = 'table' in read ? {fragments: [read], problems: []} : {fragments: [], problems: [read]};
    holds(readSettings({fragments, tags: {}}));
  });
});

t.test('files', async t => {
  const root = await temporaryFolder(t);
  const folder = join(root, 'etc/release-agent/config.d');
  await mkdir(folder, {recursive: true});
  const input = fc.tuple(fc.oneof(toml, bytes), toml);
  await fuzz(t, {runs: CASES.io, input}, async ([first, second]) => {
    await writeFile(join(folder, '10.toml'), first);
    await writeFile(join(folder, '20.toml'), second);
    holds(readSettings({fragments: await readFragments(root), tags: {}}));
    await outcomeOf(() => loadSettings({root}), ['config.invalid']);
  });
});

t.test('however much is wrong, one line says it', async t => {
  const table = Object.fromEntries(Array.from({length: 2_000}, (_, n) => [`${'option'.repeat(20)}${n}`, n]));
  const reading = readSettings({fragments: {fragments: [fragment(table)], problems: []}, tags: {}});
  t.notOk(reading.ok);
  const root = await temporaryFolder(t);
  await mkdir(join(root, 'etc/release-agent'), {recursive: true});
  await writeFile(join(root, 'etc/release-agent/config.toml'), stringify(table));
  await t.rejects(loadSettings({root}), /more: "agentctl check" says them all/);
  presentable(reasonText(reason('config.invalid', {problems: 'x; '.repeat(100_000)})));
});
