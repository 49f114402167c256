/** `agentctl check`: reads the configuration, then runs the parts of parts.ts on it. */
import {type Fragments, readFragments} from '../../config/fragments/fragments.ts';
import type {Problem} from '../../config/options/problem.ts';
import {rows, wrap} from '../layout.ts';
import {EXIT, type Terminal} from '../terminal.ts';
import {type Findings, together} from './part.ts';
import {ANYWHERE, HERE} from './parts.ts';
import {type Outcome, runParts} from './run.ts';
import {type GivenNames, readAssuming} from './settings.ts';

export interface CheckOptions extends GivenNames {
  readonly json?: true;
  readonly root: string;
}

/** Checks the configuration below a root, and what it needs. Says every problem; gives the exit code. */
export const check = async (options: CheckOptions, terminal: Terminal): Promise<number> => {
  const fragments = await readFragments(options.root);
  const outcome = await examine(fragments, options);
  const ok = outcome.problems.length === 0;
  const files = fragments.fragments.map(({file}) => file);
  if (options.json) terminal.say(JSON.stringify({ok, files, ...outcome}));
  else terminal.say(checkText({files, ...outcome}));
  return ok ? EXIT.ok : EXIT.refused;
};

const examine = async (fragments: Fragments, options: CheckOptions): Promise<Outcome> => {
  const {reading, assumed} = readAssuming(fragments, options);
  const notes = assumed.map(name => `${name} has to come from the instance tag release-agent:${name}`);
  if (!reading.ok) return {problems: reading.problems, notes, checked: []};
  const subject = {settings: reading.settings, root: options.root};
  const first = await runParts(ANYWHERE, subject);
  const noted = joined({problems: [], notes}, first);
  const isHost = options.root === '/' && assumed.length === 0;
  return isHost && first.problems.length === 0 ? joined(noted, await runParts(HERE, subject)) : noted;
};

const joined = (first: Findings & {readonly checked?: readonly string[]}, second: Outcome): Outcome => ({
  ...together([first, second]),
  checked: [...(first.checked ?? []), ...second.checked],
});

const checkText = ({
  files,
  problems,
  notes,
  checked,
}: Outcome & {readonly files: readonly string[]}): string =>
  [
    ...problems.map(problemBlock),
    ...notes.map(note => `note: ${note}`),
    ...(checked.length === 0 ? [] : [`checked: ${checked.join(', ')}`]),
    problems.length === 0
      ? `the configuration is usable; read: ${files.join(', ')}`
      : `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in the configuration`,
  ].join('\n');

const problemBlock = ({name, file, expected, got, hint}: Problem): string =>
  `${wrap(name).join('\n')}\n${rows([
    ['  in', file],
    ['  expected', expected],
    ['  got', got],
    ['  hint', hint ?? null],
  ])}\n`;
