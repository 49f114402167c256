/**
 * The whole table of a host's steps: each situation of each phase with everything that can happen in it, and with whatever an agent can
 * find when it starts. `tables/` holds what comes of it. `SCENARIOS=write` writes that anew; read the difference before it is committed.
 */
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import t from 'tap';
import {describe} from '../../../../agent/core/host/describe.ts';
import {recover} from '../../../../agent/core/host/recover.ts';
import {shutDown} from '../../../../agent/core/host/shutdown.ts';
import {PHASES, type Phase, type State} from '../../../../agent/core/host/state.ts';
import {readStatus} from '../../../../agent/core/host/status.ts';
import {attemptOf} from '../../../../agent/core/host/step.ts';
import {transition} from '../../../../agent/core/host/transition.ts';
import {unjournalled} from '../../../../agent/core/host/unjournalled.ts';
import {statusOf} from '../../../../agent/core/host/why.ts';
import {RULES} from '../world.ts';
import {BOOM} from './base.ts';
import {eventsFor, factsFor, STAMP} from './happenings.ts';
import {STATES} from './states.ts';
import {differences, fieldsText, stepText} from './text.ts';

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

// What becomes of an event whose next state cannot be journalled.
const unwritten = (state: State): Rows =>
  eventsFor(state).map(([name, event]) => {
    const fate = unjournalled(state, event);
    return [name, typeof fate === 'string' ? fate : stepText(state, [fate, []])];
  });

const SELF = {instance: 'i-1', zone: 'z', role: 'web', agent: '1'};

/** What the host says of itself: as it is, and with what is wrong besides its state. */
const told = (state: State): string => {
  const status = statusOf(state, SELF, {unhealthy: null, unable: null});
  const sick = statusOf(state, SELF, {unhealthy: BOOM, unable: null});
  const bound = statusOf(state, SELF, {unhealthy: null, unable: BOOM});
  return [
    `= ${describe(state)}`,
    `status ${fieldsText(status)}`,
    `its probes fail: ${differences(status, sick)}`,
    `it can begin nothing: ${differences(status, bound)}`,
    `it shuts down: ${stepText(state, [shutDown(state), []])}`,
  ].join('\n  ');
};

const page = (phase: Phase, rowsOf: (state: State) => Rows, head: (state: State) => string): string =>
  Object.entries(STATES[phase])
    .map(([name, state]) => `${phase}: ${name}\n  ${head(state)}\n${table(rowsOf(state))}\n`)
    .join('\n');

const FOLDER = join(import.meta.dirname, 'tables');

const check = async (t: typeof import('tap').t, file: string, text: string): Promise<void> => {
  const path = join(FOLDER, file);
  if (process.env.SCENARIOS === 'write') {
    await mkdir(dirname(path), {recursive: true});
    await writeFile(path, text);
  } else t.equal(text, await readFile(path, 'utf8'));
};

for (const phase of PHASES) {
  t.test(`${phase}: what happens`, async t =>
    check(t as never, `what-happens/${phase}.txt`, page(phase, events, told)),
  );
  t.test(`${phase}: how it starts again`, async t =>
    check(t as never, `starts-again/${phase}.txt`, page(phase, starts, describe)),
  );
  t.test(`${phase}: when the journal cannot be written`, async t =>
    check(t as never, `unjournalled/${phase}.txt`, page(phase, unwritten, describe)),
  );
  t.test(`${phase}: others read what it says of itself`, async t => {
    for (const state of Object.values(STATES[phase])) {
      const status = statusOf(state, SELF, {unhealthy: null, unable: null});
      t.same(readStatus('hosts/i-1', JSON.stringify(status)), {ok: true, value: status});
      t.equal(attemptOf(state), 'attempt' in state ? state.attempt : null);
    }
  });
}

t.test('a host without a journal', async t => {
  const nothing = {} as State;
  const rows = [null, '12-R9', 'no number'].flatMap(current =>
    [true, false].map((running): readonly [string, string] => {
      const facts = {sameBoot: true, stale: false, current, running};
      return [
        `current is ${current}, ${running ? 'something' : 'nothing'} runs`,
        stepText(nothing, recover(RULES, null, facts, STAMP)),
      ];
    }),
  );
  await check(t as never, 'starts-again/without-a-journal.txt', `${table(rows)}\n`);
});
