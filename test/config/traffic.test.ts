import t from 'tap';
import {readFragments} from '../../agent/config/fragments/fragments.ts';
import {loadSettings, readSettings} from '../../agent/config/load.ts';
import {ETC, root, SMALL} from './support.ts';

t.test('a host that leaves traffic needs nothing to look at when it says so, or has a counter', async t => {
  const leaves = `${SMALL}[traffic.consul]\nservice = "web"\n[traffic.drain]\n`;
  const none = await loadSettings({root: await root(t, {[ETC]: `${leaves}protocol = "none"`})});
  t.match(none.traffic.drain, {protocol: 'none', ports: []});
  const counter =
    'counter = "http://127.0.0.1:8080/in-flight"\nrest = "9s"\nignore = ["fd00::/8", "10.0.0.3"]';
  const counted = await loadSettings({root: await root(t, {[ETC]: `${leaves}${counter}`})});
  t.match(counted.traffic.drain, {protocol: 'opaque', restMs: 9_000, ignore: ['fd00::/8', '10.0.0.3']});
});

const TRAFFIC = '[traffic.consul]\nservice = "web"\n';
const FILES = 'ca-file = "/ca"\ncert-file = "/cert"\nkey-file = "/key"\n';
const DRAINED = '[traffic.drain]\nport = 80\n';

// The store's line stands before the tables.
const withStore = (text: string): string => {
  const [, store = '', rest = ''] = /^(store = [^\n]*\n)?(.*)$/s.exec(text) ?? [];
  return `${store}${SMALL}${rest}\n${DRAINED}`;
};

for (const [what, text, expected] of [
  ['without a store in Consul', TRAFFIC, {url: 'http://127.0.0.1:8500'}],
  [
    'with a store on this host, it is that',
    `store = "consuls://localhost:8501/x"\n[consul]\ntoken-file = "/token"\n${FILES}${TRAFFIC}`,
    {
      url: 'https://localhost:8501',
      tokenFile: '/token',
      caFile: '/ca',
      certFile: '/cert',
      keyFile: '/key',
    },
  ],
  [
    'with a store on a socket, it is that',
    `store = "consul:///x?socket=/run/consul.sock"\n${TRAFFIC}`,
    {url: 'unix:///run/consul.sock'},
  ],
  [
    'with a store elsewhere, only its files',
    `store = "consuls://consul.example/x"\n[consul]\ntoken-file = "/token"\n${FILES}${TRAFFIC}`,
    {url: 'http://127.0.0.1:8500', tokenFile: '/token'},
  ],
  [
    'told',
    `store = "consul://127.0.0.1/x"\n[consul]\ntoken-file = "/token"\n${TRAFFIC}url = "https://127.0.0.1:8501"\ntoken-file = "/mine"\n${FILES}`,
    {
      url: 'https://127.0.0.1:8501',
      tokenFile: '/mine',
      caFile: '/ca',
      certFile: '/cert',
      keyFile: '/key',
    },
  ],
  [
    'told without a store in Consul, with the files of [consul]',
    `[consul]\n${FILES}${TRAFFIC}url = "https://127.0.0.1:8501"`,
    {url: 'https://127.0.0.1:8501', caFile: '/ca', certFile: '/cert', keyFile: '/key'},
  ],
] as const)
  t.test(`the agent of Consul that traffic asks, ${what}`, async t => {
    const folder = await root(t, {[ETC]: withStore(text)});
    const reading = readSettings({fragments: await readFragments(folder), tags: {}});
    t.ok(reading.ok);
    if (reading.ok) t.strictSame(reading.settings.traffic.consul, {service: 'web', ...expected});
  });
