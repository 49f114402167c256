import {mkdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Test} from 'tap';
import {writeRelease} from '../lab/application/releases.ts';
import {put} from '../lab/image/base.ts';
import type {Machine} from '../lab/instance/instance.ts';
import {must} from '../lab/run.ts';
import {eventually} from '../support/eventually.ts';
import {startBareMachine} from './machine.ts';

export interface Host {
  readonly machine: Machine;
  inside(...argv: string[]): Promise<string>;
  /** Makes a release with this script and asks for it. */
  give(name: string, script: string): Promise<void>;
  revisionOf(name: string): string | undefined;
  /** Waits until the host serves one of these, and is idle. */
  serving(...names: string[]): Promise<void>;
  /** Waits for a file, and gives its text. */
  appears(path: string): Promise<string>;
}

interface Options {
  readonly name: string;
  readonly deb: string;
  readonly script: string;
  readonly odd?: string;
  /** changes the configuration */
  readonly configure?: (text: string) => string;
  /** laid out before the host boots */
  readonly files?: Readonly<Record<string, string>>;
}

/** A host with the package, on a release with this script; `odd` is a variable in its environment. */
export const startHost = async (
  t: Test,
  {name, deb, script, odd = '', configure = text => text, files = {}}: Options,
): Promise<Host> => {
  const machine = await startBareMachine(t, name);
  await machine.install(deb);
  const {root} = machine;
  const inside = async (...argv: string[]): Promise<string> => {
    const {code, stdout, stderr} = await machine.exec(argv, {timeoutMs: 60_000});
    if (code !== 0) throw new Error(`${argv.join(' ')}: ${code}: ${stdout}${stderr}`);
    return stdout.trim();
  };
  const revisions = new Map<string, string>();
  const give: Host['give'] = async (release, text) => {
    revisions.set(release, await commit(root, release, text));
    const key = '/var/lib/release-agent/store/web/production/desired';
    const revision = revisions.get(release) ?? '';
    if (machine.pid() === undefined) await put(root, key, revision);
    else await inside('agentctl', 'deploy', '--yes', revision);
  };
  await put(root, '/etc/release-agent/config.d/50-test.toml', configure(config(odd)));
  for (const [path, text] of Object.entries(files)) await put(root, path, text);
  for (const [path, text] of Object.entries(PROGRAMS)) await put(root, path, text, 0o755);
  await give('first', script);
  await machine.boot();
  return {
    machine,
    inside,
    give,
    revisionOf: release => revisions.get(release),
    serving: async (...names) => {
      const wanted = names.map(each => revisions.get(each));
      await eventually(
        `${names.join(' or ')} serves`,
        async () => {
          const {stdout} = await machine.exec(['agentctl', 'status', '--json']);
          if (stdout === '') return false;
          const {phase, active} = JSON.parse(stdout);
          return phase === 'serving' && wanted.includes(active?.release);
        },
        {timeoutMs: 60_000, everyMs: 200},
      );
    },
    appears: path =>
      eventually(`${path} is there`, () => inside('cat', path).catch(() => false as const), {
        timeoutMs: 60_000,
        everyMs: 50,
      }) as Promise<string>,
  };
};

const commit = async (root: string, name: string, script: string): Promise<string> => {
  const tree = join(root, 'srv/app');
  await mkdir(tree, {recursive: true});
  await writeRelease(tree, {name});
  const path = join(tree, 'deploy/start');
  await rm(path);
  await writeFile(path, script, {mode: 0o755});
  const git = (...args: string[]) =>
    must(['git', '-C', tree, '-c', 'user.name=t', '-c', 'user.email=t@t.example', ...args]);
  await git('init', '--quiet');
  await git('add', '.');
  await git('commit', '--quiet', `--message=${name}`);
  return (await git('rev-parse', 'HEAD')).trim();
};

const PROGRAMS = {
  '/usr/local/bin/traffic': '#!/bin/sh\necho "$1" >>/etc/traffic\n',
  '/usr/local/bin/probe': '#!/bin/sh\nsed -n "s/^CapEff:.//p" /proc/self/status >/etc/probed\n',
};

const config = (odd: string): string => `app = "web"
channel = "production"
coordinate = "none"
imds = "off"

[identity]
instance = "i-1"

[install]
git = { url = "file:///srv/app" }

[activate]
units = ["web.service"]
script = "deploy/start"
script-timeout = "4s"
environment = { ODD = ${JSON.stringify(odd)} }

[traffic]
commands = { leave = ["traffic", "leave"], rejoin = ["/usr/local/bin/traffic", "rejoin"] }
drain = { port = 8080, protocol = "http1", timeout = "2s", quiet = "200ms" }

[gate]
command = ["/usr/local/bin/probe"]
http = "http://127.0.0.1:8080/healthz"
interval = "100ms"
bake = "0s"
`;
