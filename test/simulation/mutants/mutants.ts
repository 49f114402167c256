import type {INVARIANTS} from '../invariants/all.ts';

/** The rules a fleet's safety stands on, each with the one line that keeps it, and what the line is without. */
export interface Mutant {
  /** from the project's root */
  readonly file: string;
  /** stands there exactly once */
  readonly from: string;
  readonly to: string;
  /** the promise that is broken then */
  readonly breaks: keyof typeof INVARIANTS;
}

export const MUTANTS: Readonly<Record<string, Mutant>> = {
  'no fence is taken twice': {
    file: 'agent/core/host/transition.ts',
    from: '&& fence > (state.outcome?.fence ?? 0)',
    to: '',
    breaks: 'fences',
  },
  'an old outcome frees no permit': {
    file: 'agent/core/fleet/plan.ts',
    from: 'if (!outcome || outcome.fence < fence) return OUT;',
    to: 'if (!outcome) return OUT;',
    breaks: 'freed',
  },
  'the capacity floor': {
    file: 'agent/core/fleet/capacity.ts',
    from: 'if (all.serving - 1 >= floor) return null;',
    to: 'if (floor >= -1) return null;',
    breaks: 'floor',
  },
  'the floor of a zone': {
    file: 'agent/core/fleet/capacity.ts',
    from: 'if (!policy.zones.floor || !counted) return null;',
    to: 'if (zone !== null) return null;',
    breaks: 'zoneFloor',
  },
  'new instances boot what is proven': {
    file: 'agent/core/host/attempt/choose-boot.ts',
    from: '    proven,\n    isTrial ? undefined : asked,\n',
    to: '    asked,\n    proven,\n',
    breaks: 'boots',
  },
  'the ledger is written by compare-and-set': {
    file: 'agent/runtime/fleet/coordinator.ts',
    from: 'put(parts.keys.ledger, value, expected, signal)',
    to: "put(parts.keys.ledger, value, 'any', signal)",
    breaks: 'freed',
  },
  'one that is stuck keeps its permit': {
    file: 'agent/core/fleet/plan.ts',
    from: "isFree: outcome.result !== 'stuck'",
    to: 'isFree: true',
    breaks: 'freed',
  },
  'what is denied is remembered': {
    file: 'agent/core/fleet/failure/verdict.ts',
    from: 'denied: [...denied, release].slice(-DENIED_LIMIT)',
    to: 'denied',
    breaks: 'denied',
  },
  'what is denied is given to nobody': {
    file: 'agent/core/fleet/admission.ts',
    from: 'if (ledger.denied.includes(release))',
    to: 'if (ledger.denied.length > 1_000)',
    breaks: 'denied',
  },
};
