/** Runs inside the instance: `footprint-start-child FOLDER RUNS`. Prints the times of all starts as JSON. */
import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import process from 'node:process';

const [, , folder = '', runs = '1'] = process.argv;
const LIB = '/usr/lib/release-agent';
const UNIT = '/lib/systemd/system/release-agentd.service';
const PORT = 8999;
const LIMIT_MS = 20_000;

let asked: (() => void) | undefined;
// A session may be wanted first: what counts is the first read of a key.
const server = createServer((request, response) => {
  if (request.method === 'GET' && request.url?.startsWith('/v1/kv/')) asked?.();
  response.writeHead(500).end();
});

const unit = readFileSync(UNIT, 'utf8');
const words = (name: string): readonly string[] =>
  new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1]?.split(' ') ?? [];
const [program = '', ...options] = words('ExecStart');
const environment = Object.fromEntries(words('Environment').map(word => word.split('=')));

const end = async (child: ChildProcess): Promise<void> => {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
};

const agent = async (): Promise<number> => {
  const began = performance.now();
  const first = new Promise<number>((resolve, reject) => {
    asked = () => resolve(performance.now() - began);
    setTimeout(() => reject(new Error('the agent read nothing')), LIMIT_MS).unref();
  });
  const child = spawn(program, options, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {PATH: process.env.PATH, ...environment, RELEASE_AGENT_ROOT: folder},
  });
  try {
    return await first;
  } finally {
    await end(child);
  }
};

const node = async (): Promise<number> => {
  const began = performance.now();
  await once(spawn(`${LIB}/node`, ['-e', '0'], {stdio: 'ignore', env: {PATH: process.env.PATH}}), 'exit');
  return performance.now() - began;
};

const times = {agent: [] as number[], restart: [] as number[], node: [] as number[]};
server.listen(PORT, '127.0.0.1');
await once(server, 'listening');
for (let run = 0; run < Number(runs); run += 1) {
  for (const place of ['state', 'run']) rmSync(`${folder}/${place}`, {recursive: true, force: true});
  times.node.push(await node());
  times.agent.push(await agent());
  times.restart.push(await agent());
}
server.close().closeAllConnections();
console.log(JSON.stringify(times));
