/** What is left of a run that fails when everything is left out that it fails without. */
import {type Result, runScenario} from './run.ts';
import {drawScenario, type Part} from './scenario/scenario.ts';

const FEWEST_HOSTS = 3;

interface Limits {
  /** so many runs at most */
  readonly tries: number;
}

/** Makes a failing run smaller: fewer happenings, then fewer hosts. Gives the smallest found that breaks the same promise. */
export const shrink = async (failed: Result, {tries}: Limits): Promise<Result> => {
  const promise = promiseOf(failed);
  let left = tries;
  let best = failed;
  const fails = async (part: Part): Promise<boolean> => {
    if (left === 0) return false;
    left -= 1;
    const result = await runScenario(drawScenario(failed.scenario.number, part));
    if (promiseOf(result) !== promise) return false;
    best = result;
    return true;
  };
  await withoutHappenings(() => best, fails);
  for (let isSmaller = true; isSmaller && left > 0; ) {
    const {hosts, only} = best.scenario;
    const fewer = Math.floor(hosts / 2);
    isSmaller = fewer >= FEWEST_HOSTS && (await fails({hosts: fewer, only}));
  }
  await withoutHappenings(() => best, fails);
  return best;
};

/** The name of the first promise that was broken; null when none was. */
const promiseOf = ({violations}: Result): string | null => violations[0]?.split(':', 1)[0] ?? null;

// Ever smaller parts are left out, as long as one of their size can be.
const withoutHappenings = async (
  best: () => Result,
  fails: (part: Part) => Promise<boolean>,
): Promise<void> => {
  for (
    let size = Math.ceil(best().scenario.only.length / 2);
    size > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < best().scenario.only.length; ) {
      const {hosts, only} = best().scenario;
      const fewer = only.toSpliced(from, size);
      if (!(await fails({hosts, only: fewer}))) from += size;
    }
  }
};

/** The one command that replays a run step by step. */
export const replayCommand = ({scenario}: Result): string => {
  const {number, hosts, only, drawn} = scenario;
  const part = only.length === drawn ? '' : ` --only ${only.length === 0 ? 'none' : only.join(',')}`;
  return `npm run simulate -- --from ${number} --seeds 1 --hosts ${hosts}${part} --trace`;
};
