/** Where the fleet is: as the command line says, else the environment, else this host's configuration. */
import {type Place, readPlace, readTyped} from '../../../config/place.ts';
import type {StoreSettings} from '../../../config/settings.ts';
import {quote} from '../../../core/quote.ts';
import type {Terminal} from '../../terminal.ts';
import type {FleetOptions} from './options.ts';

export type FoundPlace =
  | {readonly ok: true; readonly place: Place}
  | {readonly ok: false; readonly kind: string; readonly text: string};

type Part = 'store' | 'app' | 'channel';
type Env = Terminal['env'];

const PARTS: readonly Part[] = ['store', 'app', 'channel'];
const variableOf = (part: Part): string => `RELEASE_AGENT_${part.toUpperCase()}`;

/** True when the command line or the environment says something of which fleet is meant. */
export const namesPlace = (options: FleetOptions, env: Env): boolean =>
  PARTS.some(part => options[part] ?? env[variableOf(part)]);

/** Finds the fleet, or says what is missing and how it is given. */
export const findPlace = async (options: FleetOptions, env: Env): Promise<FoundPlace> => {
  const said = readSaid(options, env);
  if (!said.ok) return said;
  const isWhole = PARTS.every(part => said.place[part] !== undefined);
  const host = isWhole ? ({ok: true, place: {}} as const) : await readHost(env);
  if (!host.ok) return {ok: false, kind: 'config.invalid', text: unusable(said.place, host.problems)};
  const {store, app, channel} = {...host.place, ...said.place};
  if (!store || app === undefined || channel === undefined)
    return {ok: false, kind: 'operator.place', text: missing({...host.place, ...said.place})};
  return withToken({store, app, channel}, options, env);
};

type Said = {readonly ok: true; readonly place: Partial<Place>} | (FoundPlace & {readonly ok: false});

const readSaid = (options: FleetOptions, env: Env): Said => {
  const place: {store?: StoreSettings; app?: string; channel?: string} = {};
  for (const part of PARTS) {
    const text = options[part] ?? (env[variableOf(part)] || undefined);
    if (text === undefined) continue;
    const reading = readTyped[part](text);
    if (!reading.ok) {
      const from = options[part] === undefined ? variableOf(part) : `--${part}`;
      const got = quote(text);
      return {ok: false, kind: 'operator.place', text: `${from}: expected ${reading.expected}, got ${got}`};
    }
    if (typeof reading.value === 'string') place[part as 'app' | 'channel'] = reading.value;
    else place.store = withFiles(reading.value, env);
  }
  return {ok: true, place};
};

// The names of Consul's own tools: whoever has `consul kv get` working has ours working.
const withFiles = (store: StoreSettings, env: Env): StoreSettings =>
  store.kind === 'directory'
    ? store
    : {
        ...store,
        ...(env.CONSUL_CACERT && {caFile: env.CONSUL_CACERT}),
        ...(env.CONSUL_CLIENT_CERT && {certFile: env.CONSUL_CLIENT_CERT}),
        ...(env.CONSUL_CLIENT_KEY && {keyFile: env.CONSUL_CLIENT_KEY}),
      };

const withToken = (place: Place, {tokenFile}: FleetOptions, env: Env): FoundPlace => {
  const {store} = place;
  if (store.kind === 'directory')
    return tokenFile === undefined
      ? {ok: true, place}
      : {ok: false, kind: 'operator.token', text: `file://${store.path} knows no tokens: show none`};
  const path = tokenFile ?? (env.CONSUL_HTTP_TOKEN_FILE || undefined);
  return {ok: true, place: path === undefined ? place : {...place, store: {...store, tokenFile: path}}};
};

const readHost = async (env: Env): Promise<ReturnType<typeof readPlace>> => {
  const [{readFragments}, {askTags}] = await Promise.all([
    import('../../../config/fragments/fragments.ts'),
    import('./tags.ts'),
  ]);
  const fragments = await readFragments(env.RELEASE_AGENT_ROOT || '/');
  return readPlace(fragments, fragments.fragments.length === 0 ? null : await askTags(fragments));
};

const missing = (place: Partial<Place>): string => {
  const absent = PARTS.filter(part => place[part] === undefined);
  const ways = absent.map(part => `--${part} or ${variableOf(part)}`);
  const known = place.store === undefined ? ' (such as consul://127.0.0.1:8500/release-agent)' : '';
  return `nothing says which ${listOf(absent)}: give ${listOf(ways)}${known}; on a host of the fleet its configuration tells`;
};

const unusable = (place: Partial<Place>, problems: string): string => {
  const absent = PARTS.filter(part => place[part] === undefined);
  const ways = absent.map(part => `--${part} or ${variableOf(part)}`);
  return `this host's configuration does not tell the ${listOf(absent)}: ${problems}. Mend it, or give ${listOf(ways)}`;
};

const listOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
