/** A container is stopped: the agent that runs the application itself takes it out of traffic, waits for its requests and ends it. */
import {once} from 'node:events';
import {get, type IncomingMessage} from 'node:http';
import {text} from 'node:stream/consumers';
import {setTimeout as sleep} from 'node:timers/promises';
import t from 'tap';
import {applicationProcesses} from '../../agent/activate/process/running.ts';
import {type LoneHost, loneHost} from './lone/host.ts';

// Answers `/slow` after two seconds, and says in its log that it was asked to end.
const APPLICATION = `import {createServer} from 'node:http';
const server = createServer((request, response) => {
  setTimeout(() => response.end('whole'), request.url === '/slow' ? 2_000 : 0);
}).listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => {
  console.log('asked to end');
  process.exit(0);
});
`;
const leaving = (config: string): string =>
  config.replace('kind = "process"', 'kind = "process"\non-stop = "leave"');

const slow = async (port: number): Promise<string> => {
  const [response] = (await once(get({port, path: '/slow', host: '127.0.0.1'}), 'response')) as [
    IncomingMessage,
  ];
  return text(response);
};

/** Starts an agent that serves a first release. */
const serving = async (host: LoneHost) => {
  const id = host.release('one');
  await host.desire(id);
  const agent = host.start();
  await host.serves(id);
  return {id, agent};
};

t.test(
  'on-stop = "leave": out of traffic, drained, ended; the next agent boots it again',
  {timeout: 120_000},
  async t => {
    const host = await loneHost(t, {application: APPLICATION, configure: leaving});
    const id = host.release('one');
    await host.desire(id);
    const agent = host.start();
    await host.serves(id);
    const answer = slow(host.port);
    await sleep(200); // the request is at the application
    await host.end(agent);
    t.equal(await answer, 'whole', 'the request in flight was waited for');
    t.equal(agent.exitCode, 0);
    t.same(await applicationProcesses(host.stateDir), [], 'nothing of the application is left');
    t.match((await host.traffic()).at(-1), /^leave/);
    t.match(host.lines.join('\n'), /told to stop.*leaving traffic.*drained.*the application has ended/s);
    host.start();
    await host.serves(id);
    t.match((await host.traffic()).at(-1), /^rejoin/);
  },
);

t.test('a second signal ends the agent at once', {timeout: 120_000}, async t => {
  const host = await loneHost(t, {application: APPLICATION, configure: leaving});
  const {agent} = await serving(host);
  const answer = slow(host.port);
  await sleep(200);
  agent.kill('SIGTERM');
  await sleep(300);
  await host.end(agent);
  t.equal(agent.exitCode, 0);
  t.not((await applicationProcesses(host.stateDir)).length, 0, 'the application was not ended');
  t.equal(await answer, 'whole');
});

t.test('by default the application outlives the agent', {timeout: 120_000}, async t => {
  const host = await loneHost(t, {application: APPLICATION});
  const {agent} = await serving(host);
  const processes = await applicationProcesses(host.stateDir);
  const before = await host.traffic();
  await host.end(agent);
  t.same(await applicationProcesses(host.stateDir), processes);
  t.same(await host.traffic(), before, 'nobody left traffic');
  t.match(host.lines.at(-1), /what runs goes on running/);
});
