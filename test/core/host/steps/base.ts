/** What the situations of a host are made of. It serves R1, had R0 before, and is asked for R2; R0 is `snap-00000000`. */
import type {Desired} from '../../../../agent/core/desired.ts';
import type {
  Activation,
  Attempt,
  Common,
  Phase,
  Rejection,
  State,
} from '../../../../agent/core/host/state.ts';
import {type Reason, reason} from '../../../../agent/core/reason.ts';
import {snap} from '../world.ts';

export const asked = (digit: number, version: string): Desired => ({release: snap(digit), version});

/** The moment of every event of the tables, and when their phases began. */
export const NOW = 1_000_000;
export const SINCE = 900_000;

export const at = (generation: number, digit: number): Activation => ({
  generation,
  release: snap(digit),
  slot: `${generation}-R${digit}`,
});

const BASE: Common = {
  generation: 7,
  active: at(6, 1),
  previous: at(5, 0),
  desired: asked(2, 'v2'),
  refusal: null,
  hold: null,
  rejected: null,
  out: false,
  strange: false,
  permit: null,
  outcome: {fence: 40, result: 'done', release: snap(1), version: 'v1', cause: null},
  begun: null,
  cut: [],
  stuck: 0,
  since: SINCE,
};

export const NEVER: Partial<Common> = {active: null, previous: null, outcome: null};
export const HOLD = {by: 'ada', note: 'looking', at: SINCE};
export const OUT: Partial<Common> = {out: true, permit: 41};

/** Something that went wrong. */
export const BOOM: Reason = reason('git.failed', {action: 'fetch', cause: 'boom'});
export const DISK_FULL: Reason = reason('disk.full', {path: '/var', cause: 'no space left'});

export const rejected = (digit: number, version: string, retryAt: number | null = null): Rejection => ({
  release: snap(digit),
  version,
  cause: BOOM,
  at: SINCE,
  retryAt,
});

export const boot = (over: Partial<Attempt> = {}): Attempt => ({
  purpose: 'boot',
  target: at(7, 2),
  version: 'v2',
  tries: 0,
  cause: null,
  result: 'unused',
  ...over,
});
export const update = (over: Partial<Attempt> = {}): Attempt =>
  boot({purpose: 'update', result: 'done', ...over});
export const back = (over: Partial<Attempt> = {}): Attempt =>
  boot({purpose: 'rollback', target: at(7, 1), cause: BOOM, result: 'rolled-back', ...over});

export const state = (phase: Phase, over: object = {}): State => ({...BASE, phase, ...over}) as State;
export const blocked = {blocked: BOOM};
export const free = {blocked: null};
export const inTurn = {blocked: reason('stage.spread', {afterMs: 200_000, hosts: 100})};
