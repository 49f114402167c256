import type {Result} from './run.ts';

/** What many runs came to. */
export interface Counts {
  add(result: Result): void;
  failed(): number;
  read(): Totals;
}

interface Totals {
  readonly runs: number;
  readonly hosts: number;
  readonly events: number;
  readonly ms: number;
  readonly wallMs: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly ends: ReadonlyMap<string, number>;
  readonly violations: ReadonlyMap<string, number>;
}

/** Nothing was counted yet. */
export const emptyCounts = (): Counts => {
  const began = performance.now();
  let [runs, hosts, events, ms, failed] = [0, 0, 0, 0, 0];
  const [faults, ends, violations] = [
    new Map<string, number>(),
    new Map<string, number>(),
    new Map<string, number>(),
  ];
  const count = (map: Map<string, number>, name: string): unknown => map.set(name, (map.get(name) ?? 0) + 1);
  return {
    add: result => {
      runs += 1;
      hosts += result.scenario.hosts;
      events += result.events;
      ms += result.ms;
      if (result.violations.length > 0) failed += 1;
      for (const {kind} of result.scenario.happenings) count(faults, kind);
      if (result.end !== null) count(ends, result.end);
      for (const violation of result.violations) count(violations, violation.split(':', 1)[0] ?? violation);
    },
    failed: () => failed,
    read: () => ({runs, hosts, events, ms, wallMs: performance.now() - began, faults, ends, violations}),
  };
};

/** The counts in words, one line each. */
export const summary = (counts: Counts): readonly string[] => {
  const {runs, hosts, events, ms, wallMs, faults, ends, violations} = counts.read();
  return [
    `${runs} runs of ${hosts} hosts: ${events} events in ${Math.round(ms / 60_000)} simulated minutes, ${Math.round(wallMs / 1_000)} s here`,
    `happened: ${listOf(faults)}`,
    `ended: ${listOf(ends)}`,
    `violations: ${violations.size === 0 ? 'none' : listOf(violations)}`,
  ];
};

const listOf = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
