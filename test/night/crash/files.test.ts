/** What the agent keeps on disk beside its journal is lost, cut or overwritten while it is dead: it starts, and what runs goes on. */
import {existsSync} from 'node:fs';
import {mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import {join} from 'node:path';
import t, {type Test} from 'tap';
import {whoAmI} from '../../../agent/host/imds/identity.ts';
import {createImds} from '../../../agent/host/imds/imds.ts';
import {gitLayout} from '../../../agent/install/git/mirror/layout.ts';
import {readMarker, readMarkers} from '../../../agent/install/git/tree/marker.ts';
import {openHistory} from '../../../agent/journal/history.ts';
import {imdsListener} from '../../lab/instance/imds.ts';
import {eventually} from '../../support/eventually.ts';
import {sample} from '../../support/sample.ts';
import {temporaryFolder} from '../../support/temporary.ts';
import {type LoneHost, loneHost} from '../lone/host.ts';

type Damage = (path: string) => Promise<void>;

const damages: Readonly<Record<string, Damage>> = {
  'is missing': path => rm(path),
  'is empty': path => writeFile(path, ''),
  'is half there': async path => {
    const text = await readFile(path);
    await writeFile(path, text.subarray(0, text.length / 2));
  },
  'is garbage': path => writeFile(path, Buffer.from([0xff, 0x00, 0x7b, 0x22, 0x0a, 0xfe])),
  'is zeros, as after a power cut': async path =>
    writeFile(path, Buffer.alloc((await readFile(path)).length)),
};

/** Paths below the state folder, with the slots as they are named. */
const files: Readonly<Record<string, (slots: Slots) => string>> = {
  'the marker of the slot that runs': ({active}) => `git/slots/${active}.json`,
  'the marker of the slot before': ({previous}) => `git/slots/${previous}.json`,
  'the record of the spare tree': () => 'git/spare/record.json',
  'the history': () => 'history.jsonl',
};

interface Slots {
  readonly active: string;
  readonly previous: string;
}

const slotsOf = async ({stateDir}: LoneHost): Promise<Slots> => {
  const {state} = JSON.parse(await readFile(join(stateDir, 'journal.json'), 'utf8')) as {
    state: {active: {slot: string}; previous: {slot: string}};
  };
  return {active: state.active.slot, previous: state.previous.slot};
};

/** Nothing but what the two kept slots need; one may have lost its marker. */
const nothingLeft = async (t: Test, host: LoneHost): Promise<void> => {
  const {active, previous} = await slotsOf(host);
  const places = ['slots', 'git/slots', 'git/staging', 'git/trash'];
  const kept = [active, previous].flatMap(slot => [
    `slots/${slot}`,
    `git/slots/${slot}.json`,
    `git/slots/${slot}.index`,
  ]);
  let left: readonly string[] = [];
  const isClean = async () => {
    const lists = places.map(async place =>
      (await readdir(join(host.stateDir, place)).catch(() => [])).map(name => `${place}/${name}`),
    );
    left = (await Promise.all(lists)).flat().filter(path => !kept.includes(path));
    return left.length === 0;
  };
  await eventually('nothing is left', isClean, {timeoutMs: 20_000, everyMs: 100}).catch(() => undefined);
  t.same(left, [], 'nothing is left');
};

t.test('a file is damaged while the agent is dead', {timeout: 300_000}, async t => {
  const host = await loneHost(t);
  let count = 0;
  const follow = async (): Promise<string> => {
    count += 1;
    const release = host.release(`release-${count}`);
    await host.desire(release);
    await host.serves(release);
    return release;
  };
  await host.desire(host.release('release-0'));
  let agent = host.start();
  let serving = await eventually(
    'the first release',
    async () => (await host.status()).serving && 'release-0',
  );
  serving = await follow();
  const rows = Object.entries(files).flatMap(([file, path]) =>
    Object.entries(damages).map(([what, damage]) => ({name: `${file} ${what}`, path, damage})),
  );
  for (const {name, path, damage} of sample(t, rows, 4))
    await t.test(name, async t => {
      await nothingLeft(t, host);
      const place = async () => join(host.stateDir, path(await slotsOf(host)));
      // the row before may have taken the marker of what is the slot before now
      if (!existsSync(await place())) serving = await follow();
      const [file, answer] = [await place(), await host.answer()];
      await eventually(file, () => existsSync(file), {timeoutMs: 20_000});
      await host.end(agent, 'SIGKILL');
      await damage(file);
      agent = host.start();
      await host.serves(serving);
      t.equal(await host.answer(), answer, 'what runs is untouched');
      serving = await follow();
      await nothingLeft(t, host);
    });
});

t.test('the link to the slot that runs is lost: the release is activated anew, out of traffic', async t => {
  const host = await loneHost(t);
  const one = host.release('one');
  await host.desire(one);
  const agent = host.start();
  await host.serves(one);
  const before = await host.answer();
  await host.end(agent, 'SIGKILL');
  await rm(join(host.stateDir, 'current'));
  const second = host.start();
  await host.serves(one);
  const after = await host.answer();
  t.not(after, before);
  t.same((await host.traffic()).slice(-2), [`leave ${before}`, `rejoin ${after}`], 'it left traffic first');

  await host.end(second, 'SIGKILL');
  await rm(join(host.stateDir, 'current'));
  await writeFile(join(host.stateDir, 'current'), 'a note');
  const third = host.start();
  await eventually('it gives up', () => third.exitCode !== null);
  t.match(host.lines.at(-1), /current: expected a link to slots\/<slot>, found a file or folder/);
  t.equal(await host.answer(), after, 'what somebody put there is not taken away, what runs is untouched');
  await rm(join(host.stateDir, 'current'));
  host.start();
  await host.serves(one);
});

/** Every beginning of a text. */
const cuts = (text: Buffer): readonly Buffer[] =>
  Array.from({length: text.length}, (_, n) => text.subarray(0, n));

t.test('cut at each byte, a marker is read as none', async t => {
  const stateDir = await temporaryFolder(t);
  const layout = gitLayout({stateDir, url: 'https://git.example/app.git'});
  const marker = {slot: 's-1', revision: 'a'.repeat(40), directory: join(stateDir, 'slots/s-1'), at: 1};

  await mkdir(layout.markers, {recursive: true});
  const path = join(layout.markers, 's-1.json');
  const text = Buffer.from(`${JSON.stringify(marker)}\n`);
  for (const cut of cuts(text)) {
    await writeFile(path, cut);
    const read = await readMarker(layout, 's-1');
    if (cut.length < text.length - 1) t.equal(read, null);
    t.same(await readMarkers(layout), read === null ? [] : [marker]);
  }
});

t.test('cut at each byte, the history gives the lines before', async t => {
  const stateDir = await temporaryFolder(t);
  const line = {at: 1, text: 'serving ä', phase: 'serving', release: null, generation: 1} as const;
  const path = join(stateDir, 'history.jsonl');
  const first = `${JSON.stringify(line)}\n`;
  for (const cut of cuts(Buffer.from(first))) {
    await writeFile(path, Buffer.concat([Buffer.from(first), cut]));
    const {length} = await openHistory(stateDir).last(10);
    if (length !== (cut.length === Buffer.byteLength(first) - 1 ? 2 : 1))
      t.fail(`cut at ${cut.length}: ${length}`);
  }
  const half = Buffer.from(first).subarray(0, 20);
  await writeFile(path, Buffer.concat([Buffer.from(first), half]));
  await openHistory(stateDir).add({...line, generation: 2});
  t.same(
    (await openHistory(stateDir).last(10)).map(({generation}) => generation),
    [2, 1],
    'half a line costs only itself',
  );
});

t.test('cut at each byte, the identity is asked for again', async t => {
  const runDir = await temporaryFolder(t);
  const metadata = {
    instanceId: 'i-0123456789abcdef0',
    zone: 'eu-west-1a',
    region: 'eu-west-1',
    ip: '10.0.0.1',
    tags: {},
  };
  const server = createServer(imdsListener(metadata)).listen(0, '127.0.0.1');
  await eventually('the server', () => server.listening);
  t.teardown(() => server.close().closeAllConnections());
  const {port} = server.address() as {port: number};
  const signal = new AbortController().signal;
  const ask = (base: string) => whoAmI({imds: createImds({base}), runDir, configured: {}}, signal);
  const base = `http://127.0.0.1:${port}`;
  const whole = await ask(base);
  const path = join(runDir, 'identity.json');
  const text = await readFile(path);
  for (const cut of cuts(text)) {
    await writeFile(path, cut);
    t.same(await ask(base), whole, `cut at ${cut.length}`);
    if (!(await readFile(path)).equals(text)) t.fail(`cut at ${cut.length}: it is not written again`);
  }
});
