import type {Problem} from '../../config/options/problem.ts';
import type {Settings} from '../../config/settings.ts';

/** What is checked: settings that broke no rule, and where the files that they name are. */
export interface Subject {
  readonly settings: Settings;
  /** `/`, or the folder where an image is mounted */
  readonly root: string;
}

/** What a part found. A problem makes the configuration unusable; a note is only worth knowing. */
export interface Findings {
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

/** One thing that is looked at or tried. It changes nothing, and leaves nothing behind. */
export interface Part {
  /** what it looks at, as in `checked: the store` */
  readonly name: string;
  /** Null when these settings have nothing of the kind. Throws a reason when it could not be checked now: that is noted. */
  readonly examine: (subject: Subject, signal: AbortSignal) => Promise<Findings | null>;
}

/** Nothing to say. */
export const FINE: Findings = {problems: [], notes: []};

/** The findings of several parts, in their order. */
export const together = (all: readonly Findings[]): Findings => ({
  problems: all.flatMap(({problems}) => problems),
  notes: all.flatMap(({notes}) => notes),
});

/** One problem, of an option that no file is named for. */
export const problem = (name: string, expected: string, got: string): Findings => ({
  problems: [{name, file: null, expected, got}],
  notes: [],
});
