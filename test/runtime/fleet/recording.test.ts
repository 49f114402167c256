import t, {type Test} from 'tap';
import type {Ledger} from '../../../agent/core/fleet/ledger.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import type {Store} from '../../../agent/ports.ts';
import {createRecording} from '../../../agent/runtime/fleet/recording.ts';
import {openDirectoryStore} from '../../../agent/store/directory.ts';
import {NEW, rollout, view} from '../../core/fleet/fleet.ts';
import {keptLog} from '../../support/log.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const never = new AbortController().signal;
const keys = keysOf('web', 'production');

const begin = async (t: Test, change: (store: Store) => Partial<Store> = () => ({})) => {
  const real = await openDirectoryStore({path: await temporaryFolder(t)});
  t.teardown(() => real.close());
  const store = {...real, ...change(real)};
  let elapsed = 0;
  const {log, lines} = keptLog();
  const clock = {...systemClock, now: () => 1_000 + elapsed, elapsed: () => elapsed};
  const recording = createRecording({store, keys, clock, log});
  const {desired, policy} = view([]);
  const note = (over: Partial<Ledger> = {}) =>
    recording.note(
      {
        ledger: {...view([]).ledger, rollout: rollout(), ...over},
        hosts: [],
        desired,
        policy,
        now: clock.now(),
      },
      never,
    );
  const record = async (number = 1) =>
    JSON.parse((await real.get(keys.rollout(number), never))?.value ?? 'null');
  const wait = (ms: number): void => {
    elapsed += ms;
  };
  return {real, note, record, lines, wait};
};
const permit = (fence: number) => ({host: `i-${fence}`, fence, release: NEW, version: '2', since: 0});

t.test('a rollout is written when it begins, now and then, and at once when it ends', async t => {
  const {note, record, wait} = await begin(t);
  await note({permits: [permit(1)]});
  t.match(await record(), {number: 1, release: NEW, hosts: [{host: 'i-1'}]});
  wait(4_999);
  await note({permits: [permit(1), permit(2)]});
  t.equal((await record()).hosts.length, 1, 'not with every change');
  wait(1);
  await note({permits: [permit(1), permit(2)]});
  t.equal((await record()).hosts.length, 2);
  await note({proven: NEW});
  t.match((await record()).end, {outcome: 'proven'});
});

t.test('the rollout before is closed, and the fiftieth before it is forgotten', async t => {
  const {note, record, real} = await begin(t);
  await note({rollout: rollout({number: 50})});
  await real.put(keys.rollout(1), '{}', 'any', never);
  await note({rollout: rollout({number: 51, version: '3'})});
  t.match(await record(50), {end: {outcome: 'superseded'}});
  t.match(await record(51), {end: null});
  t.equal(await record(1), null);
  t.equal(keys.rollout(51), 'web/production/rollouts/000051', 'in order of their numbers');
});

t.test('another coordinator goes on where this one was, and a damaged record is begun anew', async t => {
  const {note, record, real, wait} = await begin(t);
  await note({permits: [permit(1)]});
  const theirs = {...(await record()), message: 'theirs'};
  await real.put(keys.rollout(1), JSON.stringify(theirs), 'any', never);
  wait(5_000);
  await note({permits: [permit(1), permit(2)]});
  t.match(await record(), {message: 'theirs', hosts: {length: 1}}, 'what another wrote is not lost');
  wait(5_000);
  await note({permits: [permit(1), permit(2)]});
  t.match(await record(), {message: 'theirs', hosts: {length: 2}});
  await real.put(keys.rollout(1), 'nonsense', 'any', never);
  wait(5_000);
  await note({permits: [permit(3)]});
  wait(5_000);
  await note({permits: [permit(3)]});
  t.match(await record(), {number: 1, hosts: [{host: 'i-3'}]});
});

t.test('a store that takes no record keeps nothing back, and is told of once', async t => {
  let isBad = true;
  const {note, record, lines, wait} = await begin(t, real => ({
    put: (...args) => (isBad ? Promise.reject(new Error('no right')) : real.put(...args)),
  }));
  await note();
  await note();
  t.equal(
    lines.filter(line => /the record of the rollout is not written: .*no right/.test(JSON.stringify(line)))
      .length,
    1,
  );
  isBad = false;
  wait(5_000);
  await note();
  t.match(await record(), {number: 1});
});

t.test('without a rollout nothing is written', async t => {
  const {note, record} = await begin(t);
  await note({rollout: null});
  await note({rollout: rollout({number: 0})});
  t.equal(await record(0), null);
});
