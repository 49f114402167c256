import {lastJournalLine} from '../host/systemd/journal.ts';
import {isUp, showUnit, type UnitState, unitText} from '../host/systemd/systemd.ts';
import type {Answer, Probe} from './probe.ts';

/**
 * Passes while systemd says that the unit is up and did not restart since the last time it was asked. A unit that systemd gave
 * up, or that ended, never passes again; one that restarted fails a bake at once.
 */
export const unitProbe = (unit: string): Probe => {
  const since = Date.now();
  let before: UnitState | null = null;
  return {
    name: `unit ${unit}`,
    program: true,
    check: async signal => {
      const now = await showUnit(unit, signal);
      const answer = judge(now, before);
      before = now;
      return answer;
    },
    words: signal => lastJournalLine({unit, since}, signal),
  };
};

/** What a unit's state means, given the state at the question before (null: none). */
export const judge = (now: UnitState, before: UnitState | null): Answer => {
  if (before !== null && now.restarts > before.restarts) {
    return {
      ok: false,
      last: `restarted, ${unitText(now)}`,
      final: now.active === 'failed' ? 'always' : 'bake',
    };
  }
  if (isUp(now)) return {ok: true};
  const last = unitText(now);
  if (now.load === 'not-found' || now.active === 'failed') return {ok: false, last, final: 'always'};
  if (now.active === 'inactive' && !now.pending) return {ok: false, last, final: 'always'};
  return now.sub.startsWith('auto-restart') ? {ok: false, last, final: 'bake'} : {ok: false, last};
};
