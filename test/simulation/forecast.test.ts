/** What `agentctl plan` says a bump would do is what the fleet then does. */
import t from 'tap';
import {type Desired, readDesired} from '../../agent/core/desired.ts';
import {forecast} from '../../agent/core/fleet/forecast/forecast.ts';
import {readLedger} from '../../agent/core/fleet/ledger.ts';
import type {FleetView} from '../../agent/core/fleet/plan.ts';
import {readStatus} from '../../agent/core/host/status.ts';
import {readPolicy} from '../../agent/core/policy/policy.ts';
import {seedOf} from '../support/sample.ts';
import {EPOCH} from './clock.ts';
import type {LedgerWritten, World} from './fleet/world.ts';
import {hashOf} from './random.ts';
import {runScenario} from './run.ts';
import {releaseOf} from './scenario/parts.ts';
import {drawScenario, type Scenario} from './scenario/scenario.ts';

const MINUTE = 60_000;
const FIRST_AT = 3 * MINUTE;
/** The second release is on every disk when the fleet is thawed. */
const FREEZE_AT = 60 * MINUTE;
const THAW_AT = FREEZE_AT + 5 * MINUTE;

const POLICIES: Readonly<Record<string, object>> = {
  'all at once, a tenth out': {concurrency: '10%', floor: '50%'},
  'waves with bake': {concurrency: '20%', waves: ['canary', '10%', '40%'], bake: '2m'},
  'zone by zone': {concurrency: '15%', zones: {floor: '50%', inTurn: true}},
  'a floor that is near': {concurrency: '50%', floor: '90%'},
};

/** Two good releases and nothing bad: the first tells how long a host takes, the second is foretold. */
const quiet = (number: number, policy: object): Scenario => {
  const drawn = drawScenario(number, {hosts: 60, only: []});
  const releases = [0, 1, 2].map(n => [releaseOf(n), {kind: 'good'}] as const);
  return {
    ...drawn,
    canaries: 5,
    calmAt: THAW_AT + MINUTE,
    releases: Object.fromEntries(releases),
    happenings: [
      {at: 0, kind: 'policy', policy: JSON.stringify(policy)},
      {at: FIRST_AT, kind: 'bump', release: releaseOf(1)},
      {at: FREEZE_AT, kind: 'freeze', ms: THAW_AT - FREEZE_AT},
      {at: FREEZE_AT + MINUTE, kind: 'bump', release: releaseOf(2)},
    ],
  };
};

const viewOf = ({server, keys, timeline}: World): FleetView => {
  const text = (key: string): string => server.get(key)?.value ?? '';
  const ledger = readLedger(text(keys.ledger));
  const policy = readPolicy(text(keys.policy));
  const desired = readDesired(text(keys.desired), server.get(keys.desired)?.version ?? '');
  if (!ledger.ok || !policy.ok || !desired.ok) throw new Error('a document is damaged');
  return {
    ledger: ledger.value,
    policy: policy.policy,
    desired: desired.desired as Desired,
    hosts: server.read(keys.hosts).flatMap(({key, value}) => {
      const status = readStatus(key, value);
      return status.ok ? [status.value] : [];
    }),
    ...{freeze: null, lock: null, missing: [], gone: new Set(), now: EPOCH + timeline.now()},
  };
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Who got a permit when, and for how long, as the ledger has it. */
const followPermits = (world: World) => {
  const given: {readonly host: string; readonly release: string; readonly at: number}[] = [];
  const ended = new Map<string, number>();
  world.onEvent(event => {
    if (event.type !== 'ledger') return;
    const {granted, before, after}: LedgerWritten = event;
    for (const {host, release} of granted) given.push({host, release, at: world.timeline.now()});
    for (const {host, fence, release} of before.permits)
      if (!after.permits.some(permit => permit.fence === fence))
        ended.set(`${host} ${release}`, world.timeline.now());
  });
  return (release: string) =>
    given
      .filter(each => each.release === release)
      .map(each => ({...each, end: ended.get(`${each.host} ${release}`) ?? Number.NaN}));
};

for (const [name, policy] of Object.entries(POLICIES))
  t.test(name, async t => {
    const number = hashOf(seedOf()) % 1_000_000;
    t.comment(`scenario ${number}`);
    let told: ReturnType<typeof forecast> | undefined;
    let permitsOf: ReturnType<typeof followPermits> = () => [];
    const result = await runScenario(quiet(number, policy), {
      onBegin: world => {
        permitsOf = followPermits(world);
        world.timeline.after(THAW_AT - 1, () => {
          const perHostMs = median(permitsOf(releaseOf(1)).map(({at, end}) => end - at));
          told = forecast(viewOf(world), {perHostMs});
        });
      },
    });
    t.same(result.violations, []);
    t.equal(result.end, 'all on the desired release, proven');
    const happened = permitsOf(releaseOf(2));
    t.same(
      told?.waves.flatMap(({hosts}) => hosts),
      happened.map(({host}) => host),
      'in the order that was told',
    );
    const took = Math.max(...happened.map(({end}) => end)) - THAW_AT;
    const foretold = (told?.endsAt ?? Number.NaN) - EPOCH - THAW_AT;
    t.comment(`${Math.round(foretold / 1_000)} s were told, and it took ${Math.round(took / 1_000)} s`);
    t.ok(Math.abs(foretold - took) <= 0.2 * took, `${foretold} ms were told, and it took ${took} ms`);
  });
