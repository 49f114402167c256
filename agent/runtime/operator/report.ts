import type {FleetReport, Running, StatusReport, Told} from '../../control/protocol.ts';
import type {Ledger} from '../../core/fleet/ledger.ts';
import {doing} from '../../core/host/describe.ts';
import type {Activation, State} from '../../core/host/state.ts';
import {attemptOf} from '../../core/host/step.ts';
import {isServing, whyNot} from '../../core/host/why.ts';
import {type Reason, reason, reasonText} from '../../core/reason.ts';
import {releaseId} from '../../core/release.ts';
import type {Problems} from '../health/problems.ts';
import type {Self} from '../self.ts';

interface View {
  readonly self: Self;
  readonly state: State;
  readonly store: {readonly name: string; readonly lost: Reason | null};
  readonly ledger: Ledger | null;
  readonly unhealthy: Reason | null;
  readonly problems: Problems;
  readonly now: number;
}

/** The status report of the control socket. */
export const reportOf = ({self, state, store, ledger, unhealthy, problems, now}: View): StatusReport => {
  const attempt = attemptOf(state);
  const {desired, rejected} = state;
  return {
    ...self,
    phase: state.phase,
    purpose: attempt?.purpose ?? null,
    step: unhealthy && isServing(state) ? `${doing(state)}, but ${problem(unhealthy)}` : doing(state),
    since: state.since,
    now,
    serving: isServing(state) && unhealthy === null,
    active: running(state.active),
    previous: running(state.previous),
    target: running(
      attempt && attempt.target.generation !== state.active?.generation ? attempt.target : null,
    ),
    desired: desired && {...desired, release: releaseId(desired.release)},
    reason: told(reasonNow(state, ledger, self.instance, problems)),
    refusal: told(state.refusal),
    hold: state.hold,
    permit: state.permit,
    out: state.out,
    cut: state.cut,
    rejected: rejected && {
      release: releaseId(rejected.release),
      text: reasonText(rejected.cause),
      at: rejected.at,
    },
    store: {name: store.name, ok: store.lost === null, text: store.lost && reasonText(store.lost)},
    fleet: ledger && fleetOf(ledger),
  };
};

const STOPPING: readonly Reason['kind'][] = ['host.stopping', 'agent.stopping'];

const problem = (why: Reason): string => (STOPPING.includes(why.kind) ? reasonText(why) : 'its probes fail');

const reasonNow = (
  state: State,
  ledger: Ledger | null,
  instance: string,
  problems: Problems,
): Reason | null =>
  problems.journal() ?? problems.blocker(state) ?? waitReason(state, ledger, instance) ?? problems.lesser();

// A waiting host knows best from the ledger as it is now.
const waitReason = (state: State, ledger: Ledger | null, instance: string): Reason | null => {
  if (state.phase !== 'waiting' || !ledger) return whyNot(state);
  if (ledger.permits.some(permit => permit.host === instance)) return null;
  return ledger.blocked ?? reason('permit.waiting', {});
};

const running = (activation: Activation | null): Running | null =>
  activation && {release: releaseId(activation.release), generation: activation.generation};

const told = (why: Reason | null): Told | null => why && {kind: why.kind, text: reasonText(why)};

const fleetOf = ({proven, previous, rollout, permits, failures, blocked}: Ledger): FleetReport => ({
  proven,
  previous,
  rollout,
  permits: permits.map(({host, release, since}) => ({host, release, since})),
  failures: failures.map(({host, cause}) => ({host, text: cause ? reasonText(cause) : 'no reason given'})),
  blocked: told(blocked),
});
