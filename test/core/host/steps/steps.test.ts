/**
 * The whole table of a host's steps: each situation of each phase with everything that can happen in it, and with whatever an agent can
 * find when it starts. `tables/` holds what comes of it. `SCENARIOS=write` writes that anew; read the difference before it is committed.
 */
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {describe} from '../../../../agent/core/host/describe.ts';
import {recover} from '../../../../agent/core/host/recover.ts';
import {PHASES, type Phase, type State} from '../../../../agent/core/host/state.ts';
import {transition} from '../../../../agent/core/host/transition.ts';
import {isServing} from '../../../../agent/core/host/why.ts';
import {RULES} from '../world.ts';
import {eventsFor, factsFor, STAMP} from './happenings.ts';
import {STATES} from './states.ts';
import {stepText} from './text.ts';

type Rows = readonly (readonly [name: string, text: string])[];

const IGNORED = 'ignored';
const NOTHING = '';

const events = (state: State): Rows =>
  eventsFor(state).map(([name, event]) => {
    const text = stepText(state, transition(RULES, state, event));
    return [name, text === `! log.ignored, event ${event.type}` ? IGNORED : text];
  });

const starts = (state: State): Rows =>
  factsFor(state).map(([name, facts]) => [name, stepText(state, recover(RULES, state, facts, STAMP))]);

// What leads to the same is one row; what means nothing is only named at the end.
const table = (rows: Rows): string => {
  const same = Map.groupBy(rows, ([, text]) => text);
  const names = (text: string): string => (same.get(text) ?? []).map(([name]) => name).join(' | ');
  const quiet = [NOTHING, IGNORED].filter(text => same.has(text));
  return [
    ...[...same.keys()].filter(text => !quiet.includes(text)).map(text => `  ${names(text)}\n    ${text}`),
    ...quiet.map(text => `  ${text || 'nothing'}: ${names(text)}`),
  ].join('\n');
};

const page = (phase: Phase, rowsOf: (state: State) => Rows): string =>
  Object.entries(STATES[phase])
    .map(([name, state]) => {
      const doing = `${describe(state)}${isServing(state) ? ' (in traffic)' : ''}`;
      return `${phase}: ${name}\n  = ${doing}\n${table(rowsOf(state))}\n`;
    })
    .join('\n');

const FOLDER = join(import.meta.dirname, 'tables');

const check = async (t: typeof import('tap').t, file: string, text: string): Promise<void> => {
  const path = join(FOLDER, file);
  if (process.env.SCENARIOS === 'write') {
    await mkdir(FOLDER, {recursive: true});
    await writeFile(path, text);
  } else t.equal(text, await readFile(path, 'utf8'));
};

for (const phase of PHASES) {
  t.test(`${phase}: what happens`, async t => check(t as never, `${phase}.txt`, page(phase, events)));
  t.test(`${phase}: how it starts again`, async t =>
    check(t as never, `${phase}-again.txt`, page(phase, starts)),
  );
}
