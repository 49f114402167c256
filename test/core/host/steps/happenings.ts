/** What can happen to a host, and what it can find when it starts: the columns of the tables. */
import type {BootView, Event, Stamp, Turn} from '../../../../agent/core/host/event.ts';
import type {Facts} from '../../../../agent/core/host/recover.ts';
import type {Phase, State} from '../../../../agent/core/host/state.ts';
import {attemptOf} from '../../../../agent/core/host/step.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {snap} from '../world.ts';
import {asked, BOOM, DISK_FULL, NOW} from './base.ts';

export const STAMP: Stamp = {now: NOW, random: 0.5};

type Input<E extends Event = Event> = E extends Event ? Omit<E, keyof Stamp | 'generation'> : never;

const VIEW: BootView = {
  reachable: true,
  proven: null,
  denied: [],
  desired: {ok: true, desired: asked(2, 'v2')},
  seed: null,
  settingUp: false,
  cause: null,
};
const seen = (over: Partial<BootView>): Input => ({type: 'boot.seen', view: {...VIEW, ...over}});
const AWAY: Partial<BootView> = {reachable: false, desired: null, cause: BOOM};
const read = (digit: number, version: string, turn?: Turn): Input => ({
  type: 'desired.read',
  reading: {ok: true, desired: asked(digit, version)},
  ...(turn && {turn}),
});
const refusal = reason('desired.refused', {expected: 'a', got: 'b'});
const HALFWAY: Turn = {place: 2 ** 31, hosts: 400};

const REVERTED = {type: 'rollout.reverted', version: 'v2', cause: BOOM} as const;

/** Every event that may be of consequence, with a generation unless it has none. */
const EVENTS: Readonly<Record<string, Input>> = {
  'boot.seen: R2 is asked for': seen({}),
  'boot.seen: R1 is proven': seen({proven: snap(1)}),
  'boot.seen: R3 is proven': seen({proven: snap(3)}),
  'boot.seen: R1 and R2 are denied': seen({denied: [snap(1), snap(2)]}),
  'boot.seen: R0, R1 and R2 are denied': seen({
    denied: [snap(0), snap(1), snap(2)],
    seed: snap(4),
  }),
  'boot.seen: the value is refused': seen({
    desired: {ok: false, refusal},
    denied: [snap(0), snap(1), snap(2)],
  }),
  'boot.seen: nothing is there': seen({desired: null, denied: [snap(0), snap(1), snap(2)]}),
  'boot.seen: no store': seen(AWAY),
  'boot.seen: no store, a seed': seen({
    ...AWAY,
    seed: snap(4),
    denied: [snap(0), snap(1), snap(2)],
  }),
  'boot.seen: no store yet, a seed': seen({
    ...AWAY,
    seed: snap(4),
    settingUp: true,
    denied: [snap(0), snap(1), snap(2)],
  }),
  'boot.seen: no store yet, no seed': seen({
    ...AWAY,
    settingUp: true,
    denied: [snap(0), snap(1), snap(2)],
  }),
  'release.staged': {type: 'release.staged'},
  'release.stage-failed': {type: 'release.stage-failed', cause: BOOM},
  'release.stage-failed: no room': {type: 'release.stage-failed', cause: DISK_FULL},
  'traffic.left': {type: 'traffic.left'},
  'traffic.leave-failed': {type: 'traffic.leave-failed', cause: BOOM},
  'drain.ended': {type: 'drain.ended', cut: ['10.0.0.9:5000']},
  'release.activated': {type: 'release.activated'},
  'release.activate-failed': {type: 'release.activate-failed', cause: BOOM},
  'release.activate-failed: no room': {type: 'release.activate-failed', cause: DISK_FULL},
  'gate.passed': {type: 'gate.passed'},
  'gate.failed': {type: 'gate.failed', cause: BOOM},
  'traffic.rejoined': {type: 'traffic.rejoined'},
  'traffic.rejoin-failed': {type: 'traffic.rejoin-failed', cause: BOOM},
  'bake.passed': {type: 'bake.passed'},
  'bake.failed': {type: 'bake.failed', cause: BOOM},
  'permit.granted': {type: 'permit.granted', fence: 41, version: 'v2'},
  'permit.granted: for another version': {type: 'permit.granted', fence: 41, version: 'v9'},
  'permit.granted: an older one': {type: 'permit.granted', fence: 40, version: 'v2'},
  'permit.granted: to go back': {type: 'permit.granted', fence: 41, version: 'v2', quick: true},
  'permit.blocked': {type: 'permit.blocked', cause: BOOM},
  'desired.read: R2 as v2': read(2, 'v2'),
  'desired.read: R2 as v5': read(2, 'v5'),
  'desired.read: R3 as v5': read(3, 'v5'),
  'desired.read: R3 as v5, halfway in 400': read(3, 'v5', HALFWAY),
  'desired.read: R0 as v5, halfway in 400': read(0, 'v5', HALFWAY),
  'desired.read: R3 as v5, the first of 400': read(3, 'v5', {place: 0, hosts: 400}),
  'desired.read: R3 as v5, the last of 90000': read(3, 'v5', {place: 2 ** 32 - 1, hosts: 90_000}),
  'desired.read: refused': {type: 'desired.read', reading: {ok: false, refusal}},
  'rollout.reverted: R2 to R1': {...REVERTED, release: snap(2), to: snap(1)},
  'rollout.reverted: R1 to R0': {...REVERTED, release: snap(1), to: snap(0)},
  'rollout.reverted: R1 to R3': {...REVERTED, release: snap(1), to: snap(3)},
  'rollout.reverted: another version': {...REVERTED, release: snap(1), to: snap(0), version: 'v9'},
  'operator.held': {type: 'operator.held', by: 'bob', note: 'wait'},
  'operator.resumed': {type: 'operator.resumed', by: 'bob'},
  'operator.retried': {type: 'operator.retried', by: 'bob'},
  'operator.rolled-back': {type: 'operator.rolled-back', by: 'bob'},
};

const GLOBAL = /^(?:desired|operator|rollout)\./;
/** What only some phases tell apart; elsewhere the plain event of the kind is enough. */
const ONLY: readonly (readonly [RegExp, readonly Phase[]])[] = [
  [/^boot\.seen: (?!R2)/, ['booting']],
  [/ of (?:400|90000)$/, ['serving']],
  [/ in 400$/, ['serving', 'staging', 'held']],
  [/^desired\.read: R3 as v5, halfway/, ['serving', 'staging', 'held']],
];

/** The events of a state, by name, with those of the timers of its phase. */
export const eventsFor = (state: State): readonly (readonly [string, Event])[] => {
  const {generation, phase} = state;
  const timer = (which: 'deadline' | 'retry') =>
    ({type: 'timer.fired', timer: which, phase, generation, ...STAMP}) as const;
  const isOf = (name: string): boolean =>
    ONLY.every(([pattern, phases]) => !pattern.test(name) || phases.includes(phase));
  const own = Object.entries(EVENTS)
    .filter(([name]) => isOf(name))
    .map(([name, input]): readonly [string, Event] => [
      name,
      {...input, ...(!GLOBAL.test(input.type) && {generation}), ...STAMP} as Event,
    ]);
  const foreign: Event = {...timer('deadline'), phase: phase === 'serving' ? 'baking' : 'serving'};
  return [
    ...own,
    ['timer.fired: deadline', timer('deadline')],
    ['timer.fired: retry', timer('retry')],
    ['timer.fired: of another phase', foreign],
  ];
};

/** What a host can find at its start, by name. */
export const factsFor = (state: State): readonly (readonly [string, Facts])[] => {
  const found: Facts = {sameBoot: true, stale: false, current: state.active?.slot ?? null, running: true};
  const target = attemptOf(state)?.target.slot;
  const rows: readonly (readonly [string, Facts])[] = [
    ['the active release runs', found],
    ['the active release does not run', {...found, running: false}],
    ['the active release runs after a reboot', {...found, sameBoot: false}],
    ['nothing runs after a reboot', {...found, sameBoot: false, running: false}],
    ['nothing is current', {...found, current: null, running: false}],
    ['something else runs', {...found, current: '3-R9'}],
    ['the active release runs, the journal is a step old', {...found, stale: true}],
    ['something else runs, the journal is a step old', {...found, stale: true, current: '3-R9'}],
  ];
  if (target === undefined || target === state.active?.slot) return rows;
  return [
    ...rows,
    ['the target runs', {...found, current: target}],
    ['the target does not run', {...found, current: target, running: false}],
    ['the target runs after a reboot', {...found, current: target, sameBoot: false}],
    ['the target runs, the journal is a step old', {...found, current: target, stale: true}],
  ];
};
