import type {Leaf} from '../fragments/merge.ts';
import {OPTIONS, type OptionName} from '../options/options.ts';
import {type Problem, show} from '../options/problem.ts';
import {ACTIVATE_RULES} from './activate.ts';
import {CONSUL_RULES} from './consul.ts';
import {GATE_RULES} from './gate.ts';
import {IDENTITY_RULES} from './identity.ts';
import {INSTALL_RULES} from './install.ts';
import type {Rule, Whole} from './rule.ts';

import {TRAFFIC_RULES} from './traffic.ts';

const RULES: readonly Rule[] = [
  ...IDENTITY_RULES,
  ...CONSUL_RULES,
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
