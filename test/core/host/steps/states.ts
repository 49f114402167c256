/** One host in every situation that its steps tell apart. */
import type {Phase, State} from '../../../../agent/core/host/state.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {
  asked,
  at,
  BOOM,
  back,
  blocked,
  boot,
  free,
  HOLD,
  inTurn,
  NEVER,
  NOW,
  OUT,
  rejected,
  SINCE,
  state,
  update,
} from './base.ts';

/** The situations of each phase, by name. */
export const STATES: Readonly<Record<Phase, Readonly<Record<string, State>>>> = {
  booting: {
    'for the first time': state('booting', {...NEVER, ...free, tries: 0}),
    'again, and nothing could be chosen twice': state('booting', {...blocked, tries: 2}),
    'with something strange that runs': state('booting', {...free, tries: 0, strange: true}),
    'after the desired release failed here': state('booting', {
      ...free,
      tries: 0,
      rejected: rejected(2, 'v2'),
    }),
    'after the desired release was excused': state('booting', {
      ...free,
      tries: 0,
      rejected: rejected(2, 'v2', SINCE),
    }),
    'after its own release failed here': state('booting', {...free, tries: 0, rejected: rejected(1, 'v1')}),
    'and nothing could be chosen for long': state('booting', {...blocked, tries: 9}),
    'with nothing asked for': state('booting', {...free, tries: 0, desired: null}),
  },
  staging: {
    'a first boot': state('staging', {...NEVER, ...free, attempt: boot()}),
    'a boot that waits for its next try': state('staging', {
      ...blocked,
      out: true,
      attempt: boot({tries: 1}),
    }),
    'a boot, the last try': state('staging', {...blocked, attempt: boot({tries: 7})}),
    'a boot beside something strange': state('staging', {...free, strange: true, attempt: boot({tries: 3})}),
    'the last try beside something strange': state('staging', {
      ...blocked,
      strange: true,
      attempt: boot({tries: 7}),
    }),
    'an update': state('staging', {...free, attempt: update()}),
    'an update that waits for its next try': state('staging', {...blocked, attempt: update({tries: 1})}),
    'an update, the last try': state('staging', {
      ...blocked,
      attempt: update({tries: 7}),
      begun: {version: 'v2', count: 1, restarts: 1},
    }),
    'an update whose turn has not come': state('staging', {...inTurn, attempt: update()}),
    'an update whose turn cannot be read': state('staging', {
      blocked: reason('stage.spread', {hosts: 100} as never),
      attempt: update(),
    }),
    'an update of a host that shall hold': state('staging', {...free, hold: HOLD, attempt: update()}),
    'an update that is not asked for any more': state('staging', {
      ...free,
      desired: asked(3, 'v3'),
      attempt: update(),
    }),
    'an update when nothing is asked for': state('staging', {...free, desired: null, attempt: update()}),
  },
  waiting: {
    'for its turn': state('waiting', {...free, attempt: update()}),
    'and knows why': state('waiting', {...blocked, attempt: update()}),
    'with another permit out': state('waiting', {...free, permit: 39, attempt: update()}),
    'and shall hold': state('waiting', {...free, hold: HOLD, attempt: update()}),
    'without ever having had a permit': state('waiting', {...free, outcome: null, attempt: update()}),
  },
  draining: {
    'an update that leaves': state('draining', {...OUT, step: 'leaving', attempt: update()}),
    'an update that leaves, the last try': state('draining', {
      ...OUT,
      step: 'leaving',
      attempt: update({tries: 2}),
    }),
    'an update that measures': state('draining', {...OUT, step: 'measuring', attempt: update({tries: 1})}),
    'a rollback that leaves, the last try': state('draining', {
      ...OUT,
      step: 'leaving',
      attempt: back({tries: 2}),
    }),
    'a boot that leaves what is strange, the last try': state('draining', {
      ...OUT,
      step: 'leaving',
      strange: true,
      attempt: boot({tries: 2}),
    }),
    'a boot that measures': state('draining', {...OUT, step: 'measuring', attempt: boot()}),
    'an update of a host with nothing active': state('draining', {
      ...OUT,
      active: null,
      step: 'leaving',
      attempt: update(),
    }),
  },
  activating: {
    'a first boot': state('activating', {...NEVER, out: true, attempt: boot()}),
    'a boot over a release': state('activating', {out: true, attempt: boot()}),
    'an update': state('activating', {...OUT, attempt: update()}),
    'an update back to the slot that is active': state('activating', {
      ...OUT,
      attempt: update({target: {...at(7, 1), slot: '6-R1'}}),
    }),
    'an update that found no room twice': state('activating', {
      ...OUT,
      begun: {version: 'v2', count: 2, restarts: 0},
      attempt: update(),
    }),
    'an update of an older version': state('activating', {
      ...OUT,
      begun: {version: 'v1', count: 2, restarts: 9},
      attempt: update(),
    }),
    'a rollback': state('activating', {...OUT, rejected: rejected(2, 'v2'), attempt: back()}),
    'a rollback, the last try': state('activating', {
      ...OUT,
      rejected: rejected(2, 'v2'),
      attempt: back({tries: 2}),
    }),
    'a rollback, the last try, not yet out': state('activating', {out: false, attempt: back({tries: 2})}),
  },
  gating: {
    'a first boot': state('gating', {...NEVER, out: true, attempt: boot()}),
    'an update': state('gating', {...OUT, attempt: update()}),
    'an update of the slot that is active': state('gating', {
      ...OUT,
      attempt: update({target: {...at(7, 1), slot: '6-R1'}}),
    }),
    'a rollback to another slot': state('gating', {...OUT, attempt: back()}),
    'a rollback to the active slot': state('gating', {
      ...OUT,
      attempt: back({target: {...at(7, 1), slot: '6-R1'}}),
    }),
  },
  rejoining: {
    'a boot': state('rejoining', {...free, out: true, attempt: boot()}),
    'an update': state('rejoining', {...free, ...OUT, attempt: update()}),
    'an update that could not return': state('rejoining', {...blocked, ...OUT, attempt: update({tries: 3})}),
    'a rollback': state('rejoining', {
      ...free,
      ...OUT,
      rejected: rejected(2, 'v2'),
      begun: {version: 'v2', count: 1, restarts: 0},
      stuck: 2,
      attempt: back(),
    }),
    'an update that was given up': state('rejoining', {
      ...free,
      ...OUT,
      rejected: rejected(2, 'v2', NOW + 60_000),
      attempt: back({result: 'unused'}),
    }),
  },
  baking: {
    'an update to what an operator went back to': state('baking', {
      active: at(7, 0),
      previous: at(6, 1),
      permit: 41,
      rejected: rejected(1, 'v2'),
      attempt: update({target: at(7, 0)}),
    }),
    'an update': state('baking', {
      active: at(7, 2),
      previous: at(6, 1),
      permit: 41,
      begun: {version: 'v2', count: 1, restarts: 1},
      attempt: update(),
    }),
    'an update of a host that shall hold': state('baking', {
      active: at(7, 2),
      previous: at(6, 1),
      permit: 41,
      hold: HOLD,
      attempt: update(),
    }),
    'an update with something newer asked for': state('baking', {
      active: at(7, 2),
      previous: at(6, 1),
      permit: 41,
      desired: asked(3, 'v3'),
      attempt: update(),
    }),
    'an update without a release to go back to': state('baking', {
      active: at(7, 2),
      previous: null,
      permit: 41,
      attempt: update(),
    }),
  },
  serving: {
    'what is asked for': state('serving', {desired: asked(1, 'v1')}),
    'what is asked for, after another release failed': state('serving', {
      desired: asked(1, 'v1'),
      rejected: rejected(3, 'v0'),
    }),
    'and is on its way out': state('serving', {out: true}),
    'and nothing is active': state('serving', {active: null, previous: null}),
    'and is asked for another release': state('serving'),
    'and is asked for the previous release': state('serving', {desired: asked(0, 'v0')}),
    'while that release is left alone': state('serving', {rejected: rejected(2, 'v2')}),
    'while that release is left alone for a while': state('serving', {
      rejected: rejected(2, 'v2', NOW + 60_000),
    }),
    'after that release wore out': state('serving', {begun: {version: 'v2', count: 3, restarts: 0}}),
    'after its agent ended too often': state('serving', {
      begun: {version: 'v2', count: 0, restarts: 10},
      rejected: rejected(2, 'v1'),
    }),
    'and shall hold': state('serving', {hold: HOLD}),
    'with nothing to go back to': state('serving', {previous: null, desired: null}),
    'with a refused value': state('serving', {
      desired: asked(1, 'v1'),
      refusal: reason('desired.refused', {expected: 'a', got: 'b'}),
    }),
  },
  'rolling-back': {
    'out of traffic': state('rolling-back', {...free, ...OUT, rejected: rejected(2, 'v2'), attempt: back()}),
    'in traffic': state('rolling-back', {...free, permit: 41, rejected: rejected(2, 'v2'), attempt: back()}),
    'the last try, in traffic': state('rolling-back', {
      ...blocked,
      permit: 41,
      rejected: rejected(2, 'v2'),
      attempt: back({tries: 2}),
    }),
    'the last try, without a permit': state('rolling-back', {
      ...blocked,
      out: true,
      attempt: back({tries: 2}),
    }),
  },
  held: {
    'on purpose': state('held', {hold: HOLD, cause: reason('operator.hold', {by: 'ada', note: 'looking'})}),
    'on purpose, and let go since': state('held', {
      rejected: rejected(2, 'v2', NOW + 60_000),
      cause: reason('operator.hold', {by: 'ada', note: 'looking'}),
    }),
    'because nothing works': state('held', {
      ...OUT,
      rejected: rejected(2, 'v2'),
      stuck: 1,
      begun: {version: 'v2', count: 3, restarts: 0},
      cause: BOOM,
    }),
    'because nothing works, and something else is asked for': state('held', {
      ...OUT,
      desired: asked(3, 'v3'),
      rejected: rejected(2, 'v2'),
      stuck: 4,
      cause: BOOM,
    }),
    'in traffic with what ran here': state('held', {
      strange: true,
      rejected: null,
      desired: null,
      cause: BOOM,
    }),
  },
};
