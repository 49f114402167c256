import type {Answer, Controls} from '../control/protocol.ts';
import type {Ledger} from '../core/fleet/ledger.ts';
import {doing} from '../core/host/describe.ts';
import type {Hold, State} from '../core/host/state.ts';
import {attemptOf} from '../core/host/step.ts';
import type {Keys} from '../core/keys.ts';
import {quote} from '../core/quote.ts';
import {type Reason, reason} from '../core/reason.ts';
import {reasonOf} from '../core/reason-error.ts';
import {parseRelease, RELEASE_EXPECTED, releaseId, sameRelease, shortRelease} from '../core/release.ts';
import type {History} from '../journal/history.ts';
import type {Store} from '../ports.ts';
import type {Dispatch} from './happening.ts';
import {readLedgerOf} from './look.ts';
import {reportOf, type Self} from './report.ts';
import type {StoreHealth} from './store-health.ts';

interface Parts {
  readonly self: Self;
  readonly state: () => State;
  readonly dispatch: Dispatch;
  readonly store: Store;
  readonly keys: Keys;
  readonly health: StoreHealth;
  readonly unhealthy: () => Reason | null;
  readonly history: History;
  readonly coordinated: boolean;
}

const LEDGER_DEADLINE_MS = 2_000;

/** What operators can ask of this host, over the control socket. */
export const createControls = (parts: Parts): Controls => {
  const {self, state, dispatch, health, unhealthy, history} = parts;
  return {
    status: async signal => {
      const {ledger, cause} = await readLedgerQuickly(parts, signal);
      const store = {name: health.name, lost: cause ?? health.lost()};
      return reportOf({self, state: state(), store, ledger, unhealthy: unhealthy(), now: Date.now()});
    },
    history: ({limit}) => history.last(limit),
    hold: async ({by, note}) => {
      dispatch({type: 'operator.held', by, note});
      return done(holdText(state()));
    },
    resume: async ({by}) => {
      if (!state().hold) return done('it is not held');
      dispatch({type: 'operator.resumed', by});
      return done('it follows the desired release again');
    },
    retry: async ({by}) => retry(state(), dispatch, by),
    rollback: async ({by}) => rollback(state(), dispatch, by),
    deploy: (wish, signal) => deploy(parts, wish, signal),
  };
};

const done = (text: string): Answer => ({ok: true, text});

const holdText = (state: State): string => {
  const attempt = attemptOf(state);
  const busy = attempt && state.phase !== 'staging' && state.phase !== 'waiting';
  return busy
    ? `it holds once ${shortRelease(attempt.target.release)} is settled here`
    : 'it holds where it is';
};

const retry = (state: State, dispatch: Dispatch, by: string): Answer => {
  const {hold, desired} = state;
  if (hold) return {ok: false, reason: reason('operator.cannot-retry', {cause: heldText(hold)})};
  if (!hasFailed(state)) return done(`there is nothing to try again: it is ${doing(state)}`);
  dispatch({type: 'operator.retried', by});
  return done(`it tries ${desired ? shortRelease(desired.release) : 'the desired release'} again`);
};

const hasFailed = (state: State): boolean => {
  if (state.phase === 'held') return true;
  if (state.phase === 'booting' || state.phase === 'staging') return state.blocked !== null;
  return state.phase === 'serving' && !sameRelease(state.desired?.release, state.active?.release);
};

const heldText = ({by}: Hold): string => `it is held by ${by}: "agentctl resume" first`;

const rollback = (state: State, dispatch: Dispatch, by: string): Answer => {
  const attempt = attemptOf(state);
  const wish = {type: 'operator.rolled-back', by} as const;
  if (attempt?.purpose === 'update' && state.phase !== 'staging' && state.phase !== 'waiting') {
    dispatch(wish);
    return done(`it takes ${shortRelease(attempt.target.release)} back now`);
  }
  const why = cannotRollBack(state);
  if (why !== null) return {ok: false, reason: reason('operator.cannot-roll-back', {cause: why})};
  dispatch(wish);
  const previous = state.previous ? shortRelease(state.previous.release) : 'the previous release';
  return done(`it goes back to ${previous} as soon as it has a permit`);
};

const cannotRollBack = (state: State): string | null => {
  if (state.phase === 'held' && state.hold) return heldText(state.hold);
  if (state.phase !== 'serving') return `the host is ${state.phase}, not serving`;
  return state.previous ? null : 'there is no previous release on this host';
};

const deploy = async (
  {store, keys}: Parts,
  {release: id, message, by}: {readonly release: string; readonly message?: string; readonly by: string},
  signal: AbortSignal,
): Promise<Answer> => {
  const release = parseRelease(id);
  if (!release)
    return {ok: false, reason: reason('desired.refused', {expected: RELEASE_EXPECTED, got: quote(id)})};
  const at = new Date().toISOString();
  const document = {release: releaseId(release), by, ...(message !== undefined && {message}), at};
  try {
    await store.put(keys.desired, `${JSON.stringify(document)}\n`, 'any', signal);
    return done(`${keys.desired} asks for ${shortRelease(release)} now`);
  } catch (error) {
    return {ok: false, reason: reasonOf(error)};
  }
};

// The store may be away: then the report simply has no fleet in it, and says why.
const readLedgerQuickly = async (
  {store, keys, health, coordinated}: Parts,
  signal: AbortSignal,
): Promise<{readonly ledger: Ledger | null; readonly cause: Reason | null}> => {
  if (!coordinated) return {ledger: null, cause: null};
  const late = AbortSignal.timeout(LEDGER_DEADLINE_MS);
  try {
    return {ledger: await readLedgerOf({store, keys}, AbortSignal.any([signal, late])), cause: null};
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
