import type {Answer, Controls} from '../../control/protocol.ts';
import type {Ledger} from '../../core/fleet/ledger.ts';
import {doing} from '../../core/host/describe.ts';
import type {Hold, State} from '../../core/host/state.ts';
import {attemptOf} from '../../core/host/step.ts';
import {type Reason, reason} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
import {sameRelease, shortRelease} from '../../core/release.ts';
import type {History} from '../../journal/history.ts';
import type {Problems} from '../health/problems.ts';
import type {StoreHealth} from '../health/store.ts';
import {readLedgerFrom} from '../ledger.ts';
import type {Agent} from '../loop/agent.ts';
import type {Self} from '../self.ts';
import {type DeployParts, deploy} from './deploy.ts';
import {seenOf} from './desired.ts';
import {reportOf} from './report.ts';

interface Parts extends DeployParts {
  readonly self: Self;
  readonly state: () => State;
  readonly request: Agent['request'];
  readonly health: StoreHealth;
  readonly unhealthy: () => Reason | null;
  readonly problems: Problems;
  readonly history: History;
  readonly coordinated: boolean;
  readonly leave: Controls['leave'];
  readonly metrics: Controls['metrics'];
}

const LEDGER_DEADLINE_MS = 2_000;

/** What operators can ask of this host, over the control socket. */
export const createControls = (parts: Parts): Controls => {
  const {self, state, request, health, unhealthy, problems, history, leave, metrics} = parts;
  return {
    status: async signal => {
      const {ledger, cause} = await readLedgerQuickly(parts, signal);
      const store = {name: health.name, lost: cause ?? health.lost()};
      const told = {unhealthy: unhealthy(), problems};
      return reportOf({self, state: state(), store, ledger, ...told, now: Date.now()});
    },
    history: ({limit}) => history.last(limit),
    metrics,
    hold: async ({by, note}) => {
      const text = holdText(state());
      return settled(request({type: 'operator.held', by, note}), text);
    },
    resume: async ({by}) => {
      if (!state().hold && !problems.journal()) return done('it is not held');
      return settled(request({type: 'operator.resumed', by}), 'it follows the desired release again');
    },
    retry: async ({by}) => refused(problems) ?? retry(state(), request, by),
    rollback: async ({by}) => refused(problems) ?? rollback(state(), request, by),
    leave,
    desired: async signal => seenOf(await parts.store.get(parts.keys.desired, signal)),
    deploy: (request, signal) => deploy(parts, request, signal),
  };
};

const refused = (problems: Problems): Answer | null => {
  const cause = problems.journal();
  return cause && {ok: false, reason: cause};
};

const done = (text: string): Answer => ({ok: true, text});

// A request that is not journalled has no effect, and is not promised.
const settled = async (requested: Promise<Reason | null>, text: string): Promise<Answer> => {
  const cause = await requested;
  return cause ? {ok: false, reason: cause} : done(text);
};

const holdText = (state: State): string => {
  const attempt = attemptOf(state);
  const busy = attempt && state.phase !== 'staging' && state.phase !== 'waiting';
  return busy
    ? `it holds once ${shortRelease(attempt.target.release)} is settled here`
    : 'it holds where it is';
};

const retry = async (state: State, request: Agent['request'], by: string): Promise<Answer> => {
  const {hold, desired} = state;
  if (hold) return {ok: false, reason: reason('operator.cannot-retry', {cause: heldText(hold)})};
  if (!hasFailed(state)) return done(`there is nothing to try again: it is ${doing(state)}`);
  const what = desired ? shortRelease(desired.release) : 'the desired release';
  return settled(request({type: 'operator.retried', by}), `it tries ${what} again`);
};

const hasFailed = (state: State): boolean => {
  if (state.phase === 'held') return true;
  if (state.phase === 'booting' || state.phase === 'staging') return state.blocked !== null;
  return state.phase === 'serving' && !sameRelease(state.desired?.release, state.active?.release);
};

const heldText = ({by}: Hold): string => `it is held by ${by}: "agentctl resume" first`;

const rollback = async (state: State, request: Agent['request'], by: string): Promise<Answer> => {
  const attempt = attemptOf(state);
  const back = {type: 'operator.rolled-back', by} as const;
  if (attempt?.purpose === 'update' && state.phase !== 'staging' && state.phase !== 'waiting') {
    return settled(request(back), `it takes ${shortRelease(attempt.target.release)} back now`);
  }
  const why = cannotRollBack(state);
  if (why !== null) return {ok: false, reason: reason('operator.cannot-roll-back', {cause: why})};
  const previous = state.previous ? shortRelease(state.previous.release) : 'the previous release';
  return settled(request(back), `it goes back to ${previous} as soon as it has a permit`);
};

const cannotRollBack = (state: State): string | null => {
  if (state.phase === 'held' && state.hold) return heldText(state.hold);
  if (state.phase !== 'serving') return `the host is ${state.phase}, not serving`;
  return state.previous ? null : 'there is no previous release on this host';
};

// The store may be away: then the report simply has no fleet in it, and says why.
const readLedgerQuickly = async (
  {store, keys, health, coordinated}: Parts,
  signal: AbortSignal,
): Promise<{readonly ledger: Ledger | null; readonly cause: Reason | null}> => {
  if (!coordinated) return {ledger: null, cause: null};
  const late = AbortSignal.timeout(LEDGER_DEADLINE_MS);
  try {
    return {ledger: await readLedgerFrom({store, keys}, AbortSignal.any([signal, late])), cause: null};
  } catch (error) {
    const cause = `no answer in ${LEDGER_DEADLINE_MS / 1_000} s`;
    return {
      ledger: null,
      cause: late.aborted
        ? (health.lost() ?? reason('store.unreachable', {store: store.name, cause}))
        : reasonOf(error),
    };
  }
};
