import type {Event} from '../event.ts';
import type {Rules} from '../rules.ts';
import type {In, Phase} from '../state.ts';
import type {Step} from '../step.ts';

/** What can happen in one phase, and what comes next. */
export type On<P extends Phase> = (state: In<P>, event: Event, rules: Rules) => Step;
