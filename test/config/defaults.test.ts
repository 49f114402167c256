import {readFile} from 'node:fs/promises';
import {parse} from 'smol-toml';
import t from 'tap';
import {mergeFragments} from '../../agent/config/fragments/merge.ts';
import {readValues} from '../../agent/config/fragments/values.ts';
import {walk} from '../../agent/config/fragments/walk.ts';
import {readSettings} from '../../agent/config/load.ts';
import {OPTIONS} from '../../agent/config/options/options.ts';

const FILE = new URL('../../packaging/root/etc/release-agent/config.toml', import.meta.url);

/** The default file with its defaults, and with its examples too when asked, no longer commented out. */
const uncommented = async ({examples}: {examples: boolean}): Promise<Record<string, unknown>> => {
  const text = await readFile(FILE, 'utf8');
  return parse(
    text
      .replaceAll(/^#(\[[a-z.]+\]|[a-z-]+ = .*)$/gm, '$1')
      .replaceAll(/^#e\.g\. ([a-z-]+ = .*)$/gm, examples ? '$1' : ''),
  );
};

const fragment = (table: Record<string, unknown>) => ({file: 'config.toml', table});
const MINIMAL = parse(`
app = "web"
channel = "dev"
role = "web"
[install.git]
url = "file:///srv/app.git"
[install.ebs]
[activate]
script = "deploy/start"
[roles.web]
[traffic.consul]
service = "web"
[traffic.commands]
leave = ["leave"]
rejoin = ["join"]
[traffic.drain]
port = 80
[gate]
tcp = "127.0.0.1:80"
`);

t.test('every option is in the default file, and every name in it is an option', async t => {
  const {options, problems} = walk(mergeFragments([fragment(await uncommented({examples: true}))]));
  t.same([...options.keys()].sort(), Object.keys(OPTIONS).sort());
  t.same(problems, []);
});

t.test('every example in the default file is one that its option takes', async t => {
  const wrong: unknown[] = [];
  readValues(walk(mergeFragments([fragment(await uncommented({examples: true}))])).options, wrong as never);
  t.same(wrong, []);
});

t.test('options with a default stand as "#name = value", the others as examples', async t => {
  const {options} = walk(mergeFragments([fragment(await uncommented({examples: false}))]));
  const withDefault = Object.entries(OPTIONS).filter(([, {fallback}]) => fallback !== undefined);
  t.same([...options.keys()].sort(), withDefault.map(([name]) => name).sort());
});

t.test('the default file, uncommented, gives the same settings as without it', async t => {
  const read = (fragments: ReturnType<typeof fragment>[]) =>
    readSettings({fragments: {fragments, problems: []}, tags: {}});
  const bare = read([fragment(MINIMAL)]);
  const full = read([fragment(await uncommented({examples: false})), fragment(MINIMAL)]);
  t.ok(bare.ok, JSON.stringify(bare));
  t.same(full, bare);
});

t.test('as it is installed, the default file sets nothing', async t => {
  const {options} = walk(mergeFragments([fragment(parse(await readFile(FILE, 'utf8')))]));
  t.equal(options.size, 0);
});
