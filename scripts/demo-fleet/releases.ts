import type {StatusReport} from '../../agent/control/protocol.ts';

export interface Releases {
  /** Gives a revision the name by which people call it. */
  name(revision: string, name: string): void;
  /** The text with names in place of the revisions, long or short, that have one. */
  inWords(text: string): string;
  /** Looks at how all hosts stand. */
  see(reports: readonly StatusReport[], hosts: number): void;
  /** Releases that all hosts served at one time, and releases that a host took back. */
  count(): {readonly rolled: number; readonly rolledBack: number};
}

const REVISION = /\b[0-9a-f]{12,40}\b/g;

/** Keeps the names of releases, and counts what became of them. */
export const createReleases = (): Releases => {
  const names = new Map<string, string>();
  const rolled = new Set<string>();
  const rolledBack = new Set<string>();
  const nameOf = (digits: string): string =>
    [...names].find(([revision]) => revision.startsWith(digits))?.[1] ?? digits;
  return {
    name: (revision, name) => void names.set(revision, name),
    inWords: text => text.replaceAll(REVISION, nameOf),
    see: (reports, hosts) => {
      for (const {rejected} of reports) if (rejected) rolledBack.add(rejected.release);
      const active = new Set(reports.map(report => (isSettled(report) ? report.active?.release : undefined)));
      const [only] = active;
      if (reports.length === hosts && active.size === 1 && only !== undefined) rolled.add(only);
    },
    count: () => ({rolled: rolled.size, rolledBack: rolledBack.size}),
  };
};

/** In traffic, and nothing is under way. */
export const isSettled = ({phase, serving}: StatusReport): boolean => phase === 'serving' && serving;
