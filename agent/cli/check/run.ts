import {reasonText} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
import {withTimeLimit} from '../../host/time-limit.ts';
import {type Findings, type Part, type Subject, together} from './part.ts';

/** What the parts found, and the names of those that had something to look at. */
export interface Outcome extends Findings {
  readonly checked: readonly string[];
}

/** Longer than what any part waits for by itself. */
const PART_MS = 45_000;

/** Runs parts side by side. One that could not do its work is a note, never a failure of the check. */
export const runParts = async (parts: readonly Part[], subject: Subject): Promise<Outcome> => {
  const found = await Promise.all(parts.map(part => runPart(part, subject)));
  const all = found.filter(each => each !== null);
  return {...together(all), checked: all.flatMap(({checked}) => checked)};
};

const runPart = async ({name, examine}: Part, subject: Subject): Promise<Outcome | null> => {
  const never = new AbortController().signal;
  try {
    const found = await withTimeLimit({timeoutMs: PART_MS}, signal => examine(subject, signal), never);
    return found && {...found, checked: [name]};
  } catch (error) {
    return {problems: [], notes: [`${name}: not checked: ${reasonText(reasonOf(error))}`], checked: []};
  }
};
