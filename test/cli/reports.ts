import {reason, reasonText} from '../../agent/core/reason.ts';
import {NEW, OLD, sampleReport} from '../support/sample-report.ts';

const NOON = Date.parse('2027-01-01T12:00:00Z');
const SNAPSHOT = 'snap-0123456789abcdef0';
const told = (why: ReturnType<typeof reason>) => ({kind: why.kind, text: reasonText(why)});
const failure = reason('gate.failed', {
  probe: 'http://127.0.0.1:8080/healthz',
  seconds: 60,
  last: '503 Service Unavailable',
});

/** Reports of hosts in situations that operators meet. Their texts are in golden/. */
export const REPORTS = {
  settled: sampleReport(),
  'waiting for its permit': sampleReport({
    phase: 'waiting',
    purpose: 'update',
    step: 'waiting for a permit to activate 222222222222 while serving 111111111111',
    since: NOON - 130_000,
    active: {release: OLD, generation: 7},
    previous: {release: SNAPSHOT, generation: 6},
    target: {release: NEW, generation: 8},
    reason: told(
      reason('permit.concurrency', {out: 2, limit: 2, holders: 'i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2'}),
    ),
    fleet: {
      proven: OLD,
      previous: SNAPSHOT,
      rollout: {release: NEW, version: '42'},
      permits: ['i-0aaaaaaaaaaaaaaa1', 'i-0aaaaaaaaaaaaaaa2'].map(host => ({
        host,
        release: NEW,
        since: NOON - 50_000,
      })),
      failures: [{host: 'i-0aaaaaaaaaaaaaaa3', text: 'the health gate did not pass'}],
      blocked: told(reason('permit.concurrency', {out: 2, limit: 2, holders: 'i-0aaa, i-0bbb'})),
    },
  }),
  'staging in its turn': sampleReport({
    phase: 'staging',
    purpose: 'update',
    step: 'staging 222222222222 while serving 111111111111',
    since: NOON - 40_000,
    active: {release: OLD, generation: 7},
    target: {release: NEW, generation: 8},
    reason: told(reason('stage.spread', {afterMs: 371_200, hosts: 3_072})),
  }),
  draining: sampleReport({
    phase: 'draining',
    purpose: 'update',
    step: 'out of traffic, draining requests in flight',
    since: NOON - 12_000,
    serving: false,
    out: true,
    permit: 17,
    active: {release: OLD, generation: 7},
    target: {release: NEW, generation: 8},
  }),
  'taken back': sampleReport({
    step: 'serving 111111111111',
    since: NOON - 3 * 3_600_000,
    active: {release: OLD, generation: 9},
    previous: {release: SNAPSHOT, generation: 6},
    reason: told(reason('release.rejected-here', {release: '222222222222', cause: reasonText(failure)})),
    rejected: {release: NEW, text: reasonText(failure), at: NOON - 3 * 3_600_000 - 9_000},
    cut: ['10.0.3.17:51234', '10.0.3.18:40022'],
  }),
  'unable to write its journal': sampleReport({
    step: 'serving 111111111111',
    active: {release: OLD, generation: 7},
    reason: told(
      reason('journal.unwritable', {since: '2027-01-01T11:58:07Z', cause: 'no space left on device'}),
    ),
  }),
  'unable to remove an old slot': sampleReport({
    reason: told(
      reason('slots.left', {
        cause: '/var/lib/release-agent/slots/6-snap-0123456789abcdef0 is still in use: bash (4242)',
      }),
    ),
  }),
  'held on purpose': sampleReport({
    phase: 'held',
    step: 'held while serving 111111111111',
    since: NOON - 2 * 86_400_000 - 5 * 3_600_000,
    active: {release: OLD, generation: 7},
    reason: told(reason('operator.hold', {by: 'ada', note: 'debugging the cart, ask me first'})),
    hold: {by: 'ada', note: 'debugging the cart, ask me first', at: NOON - 2 * 86_400_000 - 5 * 3_600_000},
    fleet: {
      proven: OLD,
      previous: null,
      rollout: {version: '42', release: NEW},
      permits: [],
      failures: [],
      blocked: told(
        reason('rollout.behind', {
          release: '222222222222',
          proven: '111111111111',
          hosts: 'i-0123456789abcdef0 (held by ada: debugging the cart, ask me first)',
        }),
      ),
    },
  }),
  'nothing works': sampleReport({
    phase: 'held',
    step: 'held out of traffic',
    since: NOON - 61_000,
    serving: false,
    out: true,
    permit: 18,
    reason: told(reason('rollback.failed', {cause: reasonText(failure)})),
  }),
  'booting without a store': sampleReport({
    phase: 'booting',
    purpose: null,
    step: 'booting: choosing a release',
    since: NOON - 5_000,
    serving: false,
    active: null,
    previous: null,
    desired: null,
    reason: told(
      reason('store.unreachable', {store: 'consul http://127.0.0.1:8500', cause: 'connection refused'}),
    ),
    store: {
      name: 'consul http://127.0.0.1:8500',
      ok: false,
      text: 'the store consul http://127.0.0.1:8500 does not answer: connection refused',
    },
    fleet: null,
  }),
  'a snapshot that is not there': sampleReport({
    phase: 'staging',
    purpose: 'update',
    step: `staging ${SNAPSHOT} while serving 111111111111`,
    since: NOON - 9_000,
    active: {release: OLD, generation: 7},
    target: {release: SNAPSHOT, generation: 8},
    desired: {release: SNAPSHOT, version: '43'},
    reason: told(reason('snapshot.missing', {snapshot: SNAPSHOT, region: 'eu-west-1'})),
  }),
  'a volume that cannot be mounted': sampleReport({
    phase: 'staging',
    purpose: 'update',
    step: `staging ${SNAPSHOT} while serving 111111111111`,
    since: NOON - 9_000,
    active: {release: OLD, generation: 7},
    target: {release: SNAPSHOT, generation: 8},
    desired: {release: SNAPSHOT, version: '43'},
    reason: {kind: 'mount.failed', text: '/dev/xvdba could not be mounted: wrong fs type, or other error.'},
  }),
  'a rollout that is halted': sampleReport({
    phase: 'waiting',
    purpose: 'update',
    step: 'waiting for a permit to activate 222222222222 while serving 111111111111',
    since: NOON - 130_000,
    active: {release: OLD, generation: 7},
    target: {release: NEW, generation: 8},
    reason: told(reason('permit.halted', {failures: 1, budget: 1, release: '222222222222'})),
  }),
  'the way back, which does not work yet': sampleReport({
    phase: 'gating',
    purpose: 'rollback',
    step: 'waiting for the health gate of 111111111111',
    since: NOON - 5_000,
    serving: false,
    out: true,
    permit: 17,
    active: {release: OLD, generation: 7},
    target: {release: OLD, generation: 9},
    reason: told(failure),
  }),
  'a boot that waits for its gate': sampleReport({
    phase: 'gating',
    purpose: 'boot',
    step: 'waiting for the health gate of 222222222222',
    since: NOON - 5_000,
    serving: false,
    active: null,
    previous: null,
    target: {release: NEW, generation: 1},
  }),
  'an application that is down': sampleReport({
    step: 'serving 222222222222, but its probes fail',
    serving: false,
    reason: told(reason('health.failed', {probe: 'unit web.service', last: 'inactive (dead)'})),
  }),
  'a rollout that is over': sampleReport({
    fleet: {
      proven: NEW,
      previous: OLD,
      rollout: {release: NEW, version: '42'},
      permits: [],
      failures: [],
      blocked: null,
    },
  }),
  'a key that is no release': sampleReport({
    refusal: told(reason('desired.refused', {expected: 'a snapshot id', got: '"main"'})),
    reason: told(reason('desired.refused', {expected: 'a snapshot id', got: '"main"'})),
  }),
};
