/** One host without systemd or fleet: a real agent, as a process of its own, and a small application that it runs. */
import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import process from 'node:process';
import {createInterface} from 'node:readline';
import type {Test} from 'tap';
import {stopProcess} from '../../../agent/activate/process.ts';
import {ask} from '../../../agent/control/client.ts';
import type {StatusReport} from '../../../agent/control/protocol.ts';
import {origin} from '../../install/git/support.ts';
import {eventually} from '../../support/eventually.ts';
import {temporaryFolder} from '../../support/temporary.ts';

export interface LoneHost {
  readonly stateDir: string;
  /** the application's */
  readonly port: number;
  readonly runDir: string;
  readonly socket: string;
  /** what the agents said so far, a line each */
  readonly lines: readonly string[];
  /** Makes a release whose application answers with this name. */
  release(name: string): string;
  /** Writes the desired key. */
  desire(release: string): Promise<void>;
  /** Starts an agent, with these variables in its environment besides the usual. */
  start(environment?: Readonly<Record<string, string>>): ChildProcess;
  /** Ends an agent and waits until it is gone. */
  end(agent: ChildProcess, signal?: NodeJS.Signals): Promise<void>;
  status(): Promise<StatusReport>;
  /** What the application answers: its release and its process. Null when it does not. */
  answer(): Promise<string | null>;
  /** What left and entered traffic, and which application ran then. */
  traffic(): Promise<readonly string[]>;
  /** Waits until the host serves the release with nothing in its way. */
  serves(release: string): Promise<void>;
}

const MAIN = join(import.meta.dirname, '../../../agent/main.ts');
const APPLICATION = `import {createServer} from 'node:http';
import {readFileSync} from 'node:fs';
const name = readFileSync(new URL('name', import.meta.url), 'utf8');
createServer((_, response) => response.end(name + ' ' + process.pid)).listen(Number(process.env.PORT), '127.0.0.1');
`;

interface Options {
  readonly stateDir?: string;
  readonly bakeMs?: number;
  /** of the health gate, ten a second */
  readonly passes?: number;
  /** the text of the application; it listens on $PORT of the loopback */
  readonly application?: string;
  /** changes the configuration */
  readonly configure?: (text: string) => string;
}

/** Lays a host out. `bakeMs` is how long a new release is watched in traffic. The end of the test ends everything. */
export const loneHost = async (
  t: Test,
  {
    stateDir: given,
    bakeMs = 500,
    passes = 2,
    application = APPLICATION,
    configure = text => text,
  }: Options = {},
): Promise<LoneHost> => {
  const root = await temporaryFolder(t);
  const stateDir = given ?? join(root, 'state');
  const runDir = join(root, 'run');
  const repository = await origin(t);
  const port = await freePort();
  const desired = join(root, 'store/web/production');
  await mkdir(join(root, 'etc/release-agent'), {recursive: true});
  await mkdir(desired, {recursive: true});
  const places = {root, stateDir, runDir, port, repository: repository.url, bakeMs, passes};
  await writeFile(join(root, 'etc/release-agent/config.toml'), configure(configuration(places)));
  const lines: string[] = [];
  const agents: ChildProcess[] = [];
  const end = async (agent: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (agent.exitCode !== null || agent.signalCode !== null) return;
    const gone = once(agent, 'exit');
    agent.kill(signal);
    await gone;
  };
  t.teardown(async () => {
    if (!t.passing()) t.comment(lines.slice(-40).join('\n'));
    for (const agent of agents) await end(agent, 'SIGKILL');
    await stopProcess({stateDir, graceMs: 1_000});
  });
  const socket = join(runDir, 'control.sock');
  const status = async (): Promise<StatusReport> => {
    const response = await ask(socket, {verb: 'status'}, {timeoutMs: 5_000});
    if (!response.ok) throw new Error(response.refusal.text);
    return response.value;
  };
  return {
    stateDir,
    port,
    runDir,
    socket,
    lines,
    end,
    status,
    release: name => repository.commit({name, 'app.mjs': application}),
    desire: release => writeFile(join(desired, 'desired'), release),
    start: (environment = {}) => {
      const env = {PATH: process.env.PATH, LANG: 'C.UTF-8', RELEASE_AGENT_ROOT: root, ...environment};
      const agent = spawn(process.execPath, [MAIN], {stdio: ['ignore', 'ignore', 'pipe'], env});
      createInterface({input: agent.stderr}).on('line', line => lines.push(line));
      agents.push(agent);
      return agent;
    },
    answer: () => answerOf(port),
    traffic: async () => (await readFile(join(root, 'traffic'), 'utf8')).trimEnd().split('\n'),
    serves: async release => {
      await eventually(
        `it serves ${release}`,
        async () => {
          const {phase, active, reason} = await status();
          return phase === 'serving' && active?.release === release && reason === null;
        },
        {timeoutMs: 30_000, everyMs: 50},
      );
    },
  };
};

const answerOf = async (port: number): Promise<string | null> => {
  try {
    const reply = await fetch(`http://127.0.0.1:${port}/`, {signal: AbortSignal.timeout(2_000)});
    return await reply.text();
  } catch {
    return null;
  }
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};

interface Places {
  readonly root: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly port: number;
  readonly repository: string;
  readonly bakeMs: number;
  readonly passes: number;
}

const configuration = ({root, stateDir, runDir, port, repository, bakeMs, passes}: Places): string => {
  const traffic = (verb: string) => {
    const line = `echo "${verb} $(curl -s http://127.0.0.1:${port}/)" >> ${root}/traffic`;
    return JSON.stringify(['/bin/sh', '-c', line]);
  };
  return `app = "web"
channel = "production"
role = "web"
store = "file://${root}/store"
coordinate = "none"
imds = "off"
state-dir = "${stateDir}"
run-dir = "${runDir}"

[identity]
instance = "i-lone"
zone = "z"

[install.git]
url = "${repository}"

[activate]
kind = "process"
path = "${root}/release"
command = ["${process.execPath}", "app.mjs"]
environment = {PORT = "${port}"}

[traffic.commands]
leave = ${traffic('leave')}
rejoin = ${traffic('rejoin')}

[traffic.drain]
port = ${port}
protocol = "http1"
timeout = "5s"
quiet = "200ms"

[gate]
http = "http://127.0.0.1:${port}/"
interval = "100ms"
passes = ${passes}
timeout = "10s"
bake = "${bakeMs}ms"
`;
};
