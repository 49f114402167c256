/**
 * A Consul agent that answers wrongly, or not at all, in each phase of an update: what runs goes on running, a host that is
 * out comes back by itself, nobody leaves traffic, and everything says why. Then it follows again.
 */
import type {Server} from 'node:http';
import t, {type Test} from 'tap';
import type {Phase} from '../../../agent/core/host/state.ts';
import {packageForLab} from '../../lab/image/package.ts';
import {journalled} from '../../lab/instance/agents.ts';
import type {InstanceFiles} from '../../lab/instance/host.ts';
import {serveIn} from '../../lab/network/listen.ts';
import {type Region, startRegion} from '../../lab/region.ts';
import {type Behaviour, createBehaving} from '../../store/consul-proxy.ts';
import {eventually} from '../../support/eventually.ts';
import {unmet} from '../../support/needs.ts';
import {sample} from '../../support/sample.ts';
import {listen, silent} from '../told.ts';
import {createLanes, type Lane, laneConfig, PHASES} from './lane.ts';

interface Misbehaviour {
  readonly name: string;
  readonly behaviour: Behaviour;
  readonly reason: RegExp;
}

const MISBEHAVIOURS: readonly Misbehaviour[] = [
  {
    name: 'has no leader',
    behaviour: {do: 'answer', status: 500, text: 'No cluster leader'},
    reason: /does not answer: HTTP 500: No cluster leader/,
  },
  {
    name: 'answers 500',
    behaviour: {do: 'answer', status: 500, text: ''},
    reason: /does not answer: HTTP 500/,
  },
  {name: 'hangs', behaviour: {do: 'hang'}, reason: /does not answer: no answer in \d+ s/},
  {
    name: 'dies in the middle of its answers',
    behaviour: {do: 'cut'},
    reason: /does not answer: .*(hang up|aborted|ended|closed|reset)/,
  },
  {
    name: 'takes the token for unknown',
    behaviour: {do: 'answer', status: 403, text: 'ACL not found'},
    reason: /refuses the request: HTTP 403: ACL not found/,
  },
  {
    name: 'is no Consul',
    behaviour: {do: 'answer', status: 200, text: '<html>sign in</html>'},
    reason: /does not answer: an answer that is (not of the expected form|neither true nor false)/,
  },
];

interface Row extends Misbehaviour {
  readonly phase: Phase;
}

const KIND = /the store .* (does not answer|refuses the request): /;
const ROWS: readonly Row[] = MISBEHAVIOURS.flatMap(each => PHASES.map(phase => ({...each, phase})));
const LANES = 4;
const PORT = 8700;
const TOLD_MS = 60_000;
const BACK_MS = 60_000;

t.test('Consul misbehaves', {skip: unmet('root', 'debian', 'loop'), timeout: 900_000}, async t => {
  const region = await startRegion({
    name: `answers-${process.pid % 10_000}`,
    instances: LANES + 1, // all lanes may be out at once: one that nothing happens to answers meanwhile
    deb: await packageForLab(),
    config: storeElsewhere,
  });
  t.teardown(region.down);
  const lanes = await createLanes(t, region);
  const rows = sample(t, ROWS, 4);
  const proxies = await Promise.all(lanes.map(lane => startProxy(t, region, lane)));
  await Promise.all(lanes.map(lane => lane.boot(t)));
  const load = region.startLoad({rps: 40, seconds: 840, slowShare: 0.01});
  t.jobs = LANES;
  await Promise.all(
    lanes.slice(0, LANES).map((lane, index) =>
      t.test(`lane ${index}`, {buffered: true}, async t => {
        const proxy = proxies[index];
        if (!proxy) throw new Error('no proxy');
        for (const row of rows.filter((_, n) => n % LANES === index))
          await t.test(`while ${row.phase}, it ${row.name}`, t => misbehave(t, {lane, proxy, row}));
      }),
    ),
  );
  const {requests, failed, failures} = await load.stop();
  t.same(failures.slice(0, 3), []);
  t.equal(failed, 0, `${requests} requests, none lost`);
});

/** Only the store's Consul misbehaves: without the one that knows the service no host could come back. */
const storeElsewhere = (files: InstanceFiles): string =>
  laneConfig(files)
    .replace('consul://127.0.0.1:8500', `consul://127.0.0.1:${PORT}`)
    .replace('service = "web"', 'service = "web", url = "http://127.0.0.1:8500"');

type Proxy = Pick<ReturnType<typeof createBehaving>, 'behave'> & {readonly drop: () => void};

/** The Consul agent of a lane's store, at a port of the instance's own loopback. */
const startProxy = async (t: Test, region: Region, {instance}: Lane): Promise<Proxy> => {
  const {listener, behave} = createBehaving(region.consul.address);
  const namespace = `lab-${region.name}-i${instance.index}`;
  const server: Server = await serveIn({namespace, host: '127.0.0.1', port: PORT}, listener);
  t.teardown(() => server.close().closeAllConnections());
  return {behave, drop: () => server.closeAllConnections()};
};

interface Trial {
  readonly lane: Lane;
  readonly proxy: Proxy;
  readonly row: Row;
}

const misbehave = async (t: Test, {lane, proxy, row}: Trial): Promise<void> => {
  const {instance} = lane;
  const told = await listen(instance);
  const on = await lane.reach(row.phase);
  proxy.behave(row.behaviour);
  if (row.behaviour.do !== 'hang') proxy.drop();
  try {
    let missing: readonly string[] = ['all'];
    const isTold = async () => {
      // the log has one line for each kind of reason: what came first
      const {log, ...places} = await told();
      missing = [...silent(places, row.reason), ...silent({log}, KIND)];
      return missing.length === 0;
    };
    const what = 'the reason in status, why, STATUS= and log';
    await eventually(what, isTold, {timeoutMs: TOLD_MS, everyMs: 1_000}).catch(() => undefined);
    t.same(missing, [], what);
    if (isIn(row.phase)) {
      t.ok(isIn((await journalled(instance))?.phase), 'nobody leaves traffic');
    } else {
      const isBack = async () => (await journalled(instance))?.phase === 'serving';
      await eventually('the host to be back', isBack, {timeoutMs: BACK_MS, everyMs: 200});
      t.pass('the host came back by itself');
    }
  } finally {
    proxy.behave({do: 'pass'});
    proxy.drop();
    await lane.letGo();
  }
  await lane.settled(t, on, 'in service afterwards');
  await lane.follow(t);
};

const isIn = (phase: Phase | undefined): boolean =>
  phase === 'serving' || phase === 'staging' || phase === 'waiting';
