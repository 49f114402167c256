import {checkFiles} from '../config/files.ts';
import {type Fragments, readFragments} from '../config/fragments/fragments.ts';
import {imdsAddress, readSettings} from '../config/load.ts';
import type {Problem} from '../config/options/problem.ts';
import {keysOf} from '../core/keys.ts';
import {reasonText} from '../core/reason.ts';
import {checkStore} from '../store/check.ts';
import {rows, wrap} from './layout.ts';
import {remarksOn} from './remarks.ts';
import {EXIT, type Terminal} from './terminal.ts';

export interface CheckOptions {
  readonly json?: true;
  readonly root: string;
  readonly app?: string;
  readonly channel?: string;
  readonly role?: string;
}

/** Checks the configuration below a root, and the files that it names. Says every problem; gives the exit code. */
export const check = async (options: CheckOptions, terminal: Terminal): Promise<number> => {
  const fragments = await readFragments(options.root);
  const {problems, notes} = await examine(fragments, options);
  const ok = problems.length === 0;
  const files = fragments.fragments.map(({file}) => file);
  if (options.json) terminal.say(JSON.stringify({ok, files, problems, notes}));
  else terminal.say(checkText({files, problems, notes}));
  return ok ? EXIT.ok : EXIT.refused;
};

interface Examined {
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

// On an image that is being made nobody knows the instance tags yet: names that only they can give are assumed.
const ASSUMED = {app: 'app', channel: 'channel'} as const;

const examine = async (fragments: Fragments, {root, app, channel, role}: CheckOptions): Promise<Examined> => {
  const given = Object.entries({app, channel, role}).filter(([, value]) => value !== undefined);
  const tags = Object.fromEntries(given.map(([name, value]) => [`release-agent:${name}`, String(value)]));
  const first = readSettings({fragments, tags, asked: false});
  const missing = first.ok ? [] : first.problems.filter(onlyTagged).map(({name}) => name);
  if (imdsAddress(fragments) === null || missing.length === 0) return withStore(first, root);
  const assumed = missing.map(name => [`release-agent:${name}`, ASSUMED[name as keyof typeof ASSUMED]]);
  const second = readSettings({fragments, tags: {...tags, ...Object.fromEntries(assumed)}, asked: false});
  return settle(
    second,
    missing.map(name => `${name} has to come from the instance tag release-agent:${name}`),
    root,
  );
};

const onlyTagged = ({name, file, got}: Problem): boolean =>
  Object.hasOwn(ASSUMED, name) && file === null && got === 'neither';

const settle = async (
  reading: ReturnType<typeof readSettings>,
  notes: readonly string[],
  root: string,
): Promise<Examined> => ({
  problems: reading.ok ? await checkFiles(reading.settings, root) : reading.problems,
  notes: reading.ok ? [...notes, ...remarksOn(reading.settings)] : notes,
});

/** Also tries the store, unless it is an image that is checked. A store that does not answer now is no fault of the configuration. */
const withStore = async (reading: ReturnType<typeof readSettings>, root: string): Promise<Examined> => {
  const examined = await settle(reading, [], root);
  if (!reading.ok || examined.problems.length > 0 || root !== '/') return examined;
  const {app, channel, store: settings} = reading.settings;
  const found = await checkStore({settings, keys: keysOf(app, channel)}, AbortSignal.timeout(STORE_MS));
  if (!found) return examined;
  const text = `${found.tried}: ${reasonText(found.cause)}`;
  if (found.cause.kind !== 'store.refused')
    return {...examined, notes: [...examined.notes, `the store was not checked: ${text}`]};
  const expected = 'a store that lets this host read and write its keys and make sessions';
  return {...examined, problems: [{name: 'store', file: null, expected, got: text}]};
};

const STORE_MS = 20_000;

const checkText = ({files, problems, notes}: Examined & {readonly files: readonly string[]}): string =>
  [
    ...problems.map(problemBlock),
    ...notes.map(note => `note: ${note}`),
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
