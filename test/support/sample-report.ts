import {userInfo} from 'node:os';
import {callerText} from '../../agent/control/caller.ts';
import type {Controls, HistoryEntry, StatusReport} from '../../agent/control/protocol.ts';

export const OLD = '1111111111111111111111111111111111111111';
export const NEW = '2222222222222222222222222222222222222222';

/** A host that serves what it should, at noon of 2027-01-01. Change what a test is about. */
export const sampleReport = (changes: Partial<StatusReport> = {}): StatusReport => ({
  agent: '0.1.0',
  instance: 'i-0123456789abcdef0',
  zone: 'eu-west-1a',
  app: 'web',
  channel: 'production',
  role: 'web',
  phase: 'serving',
  purpose: null,
  step: 'serving 222222222222',
  since: Date.parse('2027-01-01T11:00:00Z'),
  now: Date.parse('2027-01-01T12:00:00Z'),
  serving: true,
  active: {release: NEW, generation: 8},
  previous: {release: OLD, generation: 7},
  target: null,
  desired: {release: NEW, version: '42', message: 'fix the cart', by: 'ada'},
  reason: null,
  refusal: null,
  hold: null,
  permit: null,
  out: false,
  cut: [],
  rejected: null,
  store: {name: 'consul http://127.0.0.1:8500', ok: true, text: null},
  fleet: {proven: NEW, previous: OLD, rollout: null, permits: [], failures: [], blocked: null},
  ...changes,
});

export interface FakeAgent {
  readonly controls: Controls;
  /** what was asked for, in order */
  readonly requests: unknown[];
}

/** Controls that report what they are told and write down what operators request: the runtime's part in tests of the socket. */
export const fakeControls = (
  report: () => StatusReport = sampleReport,
  history: readonly HistoryEntry[] = [],
): FakeAgent => {
  const requests: unknown[] = [];
  const request = (verb: string, text: string) => async (options: object) => {
    requests.push({verb, ...options});
    return {ok: true, text} as const;
  };
  const controls: Controls = {
    status: async () => report(),
    history: async ({limit}) => history.slice(0, limit),
    metrics: () => '# HELP up Whether it is.\n# TYPE up gauge\nup 1\n',
    hold: request('hold', 'it holds where it is'),
    resume: request('resume', 'it follows the desired release again'),
    rollback: request('rollback', 'it goes back as soon as it has a permit'),
    retry: request('retry', 'it tries the desired release again'),
    // it takes two answers
    leave: async () => {
      requests.push({verb: 'leave'});
      return requests.length > 1;
    },
    desired: async () => ({version: '7', release: report().desired?.release ?? null}),
    deploy: request('deploy', 'web/production/desired asks for it now'),
  };
  return {controls, requests};
};

/** How the daemon names whoever runs the tests, on a socket of its own, when the client says `claim` of itself. */
export const named = (claim: string): string => {
  const {uid, username} = userInfo();
  return callerText({uid, user: username}, claim);
};
