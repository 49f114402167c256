import type {Leaf} from './merge.ts';
import {OPTIONS, type OptionName, type Values} from './options.ts';
import {type Problem, show} from './problem.ts';
import {ACTIVATE_RULES} from './rules/activate.ts';
import {GATE_RULES} from './rules/gate.ts';
import {IDENTITY_RULES} from './rules/identity.ts';
import {INSTALL_RULES} from './rules/install.ts';
import {STORE_RULES} from './rules/store.ts';
import {TRAFFIC_RULES} from './rules/traffic.ts';
import type {RoleValues} from './values.ts';

/** Everything that was read, each value right by itself. */
export interface Whole {
  readonly values: Values;
  /** the tables that are there, even when empty */
  readonly tables: ReadonlySet<string>;
  readonly roles: ReadonlyMap<string, RoleValues>;
  readonly units: readonly string[];
  readonly command: readonly string[] | undefined;
}

/** How several options go together. It is only asked when none of `names` is wrong by itself. */
export interface Rule {
  /** the first one is the name of the problem */
  readonly names: readonly OptionName[];
  /** what was expected when the rule is broken, else null */
  readonly broken: (whole: Whole) => {
    readonly expected: string;
    readonly got?: string;
    readonly hint?: string;
  } | null;
}

const RULES: readonly Rule[] = [
  ...IDENTITY_RULES,
  ...STORE_RULES,
  ...INSTALL_RULES,
  ...ACTIVATE_RULES,
  ...TRAFFIC_RULES,
  ...GATE_RULES,
];

/** Checks how the options go together. `problems` are those of single options; the broken rules are given back. */
export const checkRules = (
  whole: Whole,
  options: ReadonlyMap<OptionName, Leaf>,
  problems: readonly Problem[],
): readonly Problem[] => {
  const wrong = new Set(problems.map(({name}) => name));
  return RULES.filter(({names}) => !names.some(name => wrong.has(name))).flatMap(({names, broken}) => {
    const why = broken(whole);
    const [name] = names;
    if (!why || name === undefined) return [];
    const leaf = options.get(name);
    return [{name, file: leaf?.file ?? null, got: leaf ? show(leaf.value) : unsaid(name), ...why}];
  });
};

const unsaid = (name: OptionName): string => {
  const {fallback} = OPTIONS[name];
  return fallback === undefined ? 'nothing' : `the default ${show(fallback)}`;
};
