/** What is still open when a host leaves traffic: answered in time it is not cut, and what never ends is cut and named. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {text} from 'node:stream/consumers';
import type {Test} from 'tap';
import {journalled, report} from '../../lab/instance/agents.ts';
import {within} from '../../lab/network/network.ts';
import {eventually} from '../../support/eventually.ts';
import type {Lane} from '../bad-input/lane.ts';
import type {Trial} from '../trials.ts';

/** curl in the network of the load balancer, to the instance itself. */
const request = (t: Test, {region, instance}: Lane, path: string) => {
  const [file = '', ...args] = within(`lab-${region.name}-wire`);
  const url = `http://${instance.ip}:8080${path}`;
  const child = spawn(file, [...args, 'curl', '-sfN', '-m', '120', url], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const ended = once(child, 'close').then(([code]) => Number(code));
  return {ended, output: text(child.stdout)};
};

const isDraining = async ({instance}: Lane): Promise<boolean> => {
  const state = await journalled(instance);
  return state?.phase === 'draining';
};

const longRequests: Trial<Lane> = {
  name: 'long requests are in flight when the drain begins',
  run: async (t, lane) => {
    const running: ReturnType<typeof request>[] = [];
    const next = await lane.good();
    // some begin before the host leaves traffic, some while it does
    await eventually(
      'the drain',
      async () => {
        if (await isDraining(lane)) return true;
        running.push(request(t, lane, '/slower'));
        return false;
      },
      {timeoutMs: 60_000, everyMs: 400},
    );
    t.ok(running.length > 0);
    t.same(
      [...new Set(await Promise.all(running.map(each => each.ended)))],
      [0],
      `${running.length} requests of 4.5 s`,
    );
    await lane.settled(t, next, 'in service on the next release');
    t.same((await report(lane.instance))?.cut, [], 'nothing was cut');
  },
};

const neverEnds: Trial<Lane> = {
  name: 'a connection is never closed',
  run: async (t, lane) => {
    const {instance} = lane;
    const stream = request(t, lane, '/stream');
    const isOpen = async () =>
      (await instance.exec(['ss', '-Htn', 'state', 'established', 'sport', '=', ':8080'])).stdout.includes(
        '10.77.0.',
      );
    await eventually('the stream', isOpen, {everyMs: 100});
    const next = await lane.good();
    await lane.settled(t, next, 'in service on the next release: the drain has a deadline');
    t.not(await stream.ended, 0, 'the stream was cut');
    const {cut = []} = (await report(instance)) ?? {};
    t.equal(cut.length, 1);
    const {stdout} = await instance.agentctl('status');
    t.match(stdout.replaceAll(/\s+/g, ' '), String(cut[0]), 'status names the peer');
  },
};

export const CONNECTION_TRIALS: readonly Trial<Lane>[] = [longRequests, neverEnds];
