import t, {type Test} from 'tap';
import {enterServing} from '../../../agent/core/host/attempt/enter.ts';
import {freshState} from '../../../agent/core/host/recover.ts';
import type {State} from '../../../agent/core/host/state.ts';
import type {Drain, Traffic} from '../../../agent/ports.ts';
import {createShutdownLeave, prepareShutdown} from '../../../agent/runtime/shutdown/leave-traffic.ts';
import {snap} from '../../core/host/world.ts';
import {eventually} from '../../support/eventually.ts';
import {keptLog} from '../../support/log.ts';

const never = new AbortController().signal;
const stamp = {now: 1_000, random: 0.5};
const active = {generation: 1, release: snap(1), slot: '1-snap-11111111'};
const [serving] = enterServing({...freshState(stamp), generation: 1, active}, stamp);

interface World extends Traffic, Drain {
  halt(): Promise<State>;
  write(): Promise<void>;
}

const make = ({
  leave = async () => {},
  wait = async () => ({cut: []}),
  halt = async () => serving,
  write = async () => {},
}: Partial<World> = {}) => {
  const {log, lines} = keptLog();
  const did: string[] = [];
  const written: State[] = [];
  const world = {state: 'stopping'};
  const shutdown = createShutdownLeave({
    systemState: async () => world.state,
    halt: async () => {
      did.push('halt');
      return halt();
    },
    write: async state => {
      did.push('write');
      written.push(state);
      await write();
    },
    traffic: {
      leave: async signal => {
        did.push('leave');
        await leave(signal);
      },
      rejoin: async () => {
        did.push('rejoin');
      },
    },
    drain: {
      wait: async (limits, signal) => {
        did.push(`drain ${limits.timeoutMs}`);
        return wait(limits, signal);
      },
    },
    drainMs: 30_000,
    changed: () => did.push('told'),
    log,
    answerMs: 20,
    diskMs: 50,
    everyMs: 5,
    leaveMs: 60,
  });
  return {shutdown, did, written, world, lines};
};

const untilTrue = (t: Test, leave: () => Promise<boolean>) =>
  eventually('it to be out', leave).then(isOut => t.equal(isOut, true));

t.test('a host that shuts down is told of, halted, journalled as out, taken out and drained', async t => {
  const {shutdown, did, written} = make();
  t.equal(shutdown.cause(), null);
  await untilTrue(t, () => shutdown.leave(never));
  t.same(did, ['told', 'halt', 'write', 'leave', 'drain 30000']);
  t.match(written, [{phase: 'serving', out: true}]);
  t.match(shutdown.cause(), {kind: 'host.stopping'});
  await untilTrue(t, () => shutdown.leave(never));
  t.equal(did.length, 5, 'once');
});

t.test('a host that does not shut down stays in traffic', async t => {
  const {shutdown, did, world} = make();
  world.state = 'running';
  await t.rejects(shutdown.leave(never), {message: /not shutting down .systemd says it is running/});
  t.same(did, []);
  t.equal(shutdown.cause(), null);
});

t.test('a drain that takes long gives an answer all the same', async t => {
  const drained = Promise.withResolvers<{cut: readonly string[]}>();
  const {shutdown, did} = make({wait: () => drained.promise});
  t.equal(await shutdown.leave(never), false);
  t.equal(await shutdown.leave(never), false);
  drained.resolve({cut: ['10.0.0.1:80']});
  await untilTrue(t, () => shutdown.leave(never));
  t.equal(did.filter(each => each === 'leave').length, 1);
});

t.test('a disk that hangs does not keep the host in traffic', async t => {
  for (const hanging of ['halt', 'write'] as const) {
    const {shutdown, did, lines} = make({[hanging]: () => new Promise(() => {})});
    await untilTrue(t, () => shutdown.leave(never));
    t.same(did.slice(-2), ['leave', 'drain 30000'], hanging);
    t.match(
      lines.filter(({level}) => level === 'warning').map(({message}) => message),
      [/the journal takes too long/],
    );
  }
});

t.test('a leave that nobody confirms takes no time from the requests in flight', async t => {
  const leave = async () => {
    throw new Error('the catalog does not show it');
  };
  const {shutdown, did, lines} = make({leave, wait: async () => ({cut: ['10.0.0.1:80']})});
  await untilTrue(t, () => shutdown.leave(never));
  t.equal(did.at(-1), 'drain 30000');
  t.match(
    lines.filter(({level}) => level === 'error').map(({message}) => message),
    [/may still get requests: .*the catalog does not show it/],
  );
});

t.test('leaving is tried again', async t => {
  let tries = 0;
  const {shutdown, lines} = make({
    leave: async () => {
      tries += 1;
      if (tries < 2) throw new Error('no answer');
    },
  });
  await untilTrue(t, () => shutdown.leave(never));
  t.match(
    lines.filter(({level}) => level === 'warning').map(({message}) => message),
    [/leaving traffic: .*no answer/],
  );
});

t.test('a shutdown that is called off ends the agent, so that it starts anew', async t => {
  const {shutdown, world} = make();
  const watched = shutdown.watch(never);
  const failed = t.rejects(watched, {message: /not shutting down/});
  await untilTrue(t, () => shutdown.leave(never));
  world.state = 'running';
  await failed;
});

t.test('a host prepares for its end once it serves, and tells once why it cannot', async t => {
  const {log, lines} = keptLog();
  const over = new AbortController();
  let state: State = freshState(stamp);
  let kept = 0;
  const keep = async () => {
    kept += 1;
    throw new Error('no bus');
  };
  const prepared = prepareShutdown({state: () => state, keep, log, everyMs: 5}, over.signal);
  t.equal(kept, 0);
  state = serving;
  await eventually('several tries', () => kept > 2);
  t.equal(lines.length, 1);
  over.abort();
  await prepared.catch(() => undefined);
});
