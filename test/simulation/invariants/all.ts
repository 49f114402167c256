import {boots} from './boots.ts';
import {budget} from './budget.ts';
import {concurrency} from './concurrency.ts';
import {denied} from './denied.ts';
import {fences} from './fences.ts';
import {floor, zoneFloor} from './floor.ts';
import {freed} from './freed.ts';
import {frozen} from './frozen.ts';
import type {Invariant} from './invariant.ts';
import {windows} from './windows.ts';

/** What holds at every moment of every run, by name. */
export const INVARIANTS = {
  concurrency,
  floor,
  zoneFloor,
  budget,
  frozen,
  denied,
  fences,
  freed,
  boots,
  windows,
} as const satisfies Readonly<Record<string, Invariant>>;
