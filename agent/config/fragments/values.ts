import type {EventKind} from '../../core/fleet/telling/event.ts';
import type {Kind} from '../options/kind.ts';
import {
  name as NAME,
  OPTIONS,
  type OptionName,
  ROLE_OPTIONS,
  type Values,
  WEBHOOK_OPTIONS,
} from '../options/options.ts';
import {type Problem, show} from '../options/problem.ts';
import type {Leaf} from './merge.ts';
import type {Found, Named} from './walk.ts';

/** A role's overrides, checked. */
export interface RoleValues {
  readonly units?: readonly string[];
  readonly command?: readonly string[];
}

/** Checks every option by itself. A wrong value counts as its default in the checks that follow. */
export const readValues = (options: ReadonlyMap<OptionName, Leaf>, problems: Problem[]): Values =>
  Object.fromEntries(
    Object.entries(OPTIONS).map(([name, {kind, fallback}]) => {
      const leaf = options.get(name as OptionName);
      const value = leaf && readLeaf(name, kind as Kind<unknown>, leaf, problems);
      // null is a value: `imds = "off"`
      return [name, value === undefined ? defaultOf(name, kind as Kind<unknown>, fallback) : value];
    }),
  ) as Values;

/** What a webhook's table says, checked. */
export interface WebhookValues {
  readonly url?: string;
  readonly 'url-file'?: string;
  readonly 'ca-file'?: string;
  readonly format?: 'json' | 'slack';
  readonly events?: readonly EventKind[];
}

/** Checks the overrides of every role, also of those this host does not have. */
export const readRoles = (roles: Found['roles'], problems: Problem[]): ReadonlyMap<string, RoleValues> =>
  readNamed<RoleValues>('roles', roles, ROLE_OPTIONS, problems);

/** Checks every webhook by itself. */
export const readWebhooks = (
  webhooks: Found['webhooks'],
  problems: Problem[],
): ReadonlyMap<string, WebhookValues> =>
  readNamed<WebhookValues>('webhooks', webhooks, WEBHOOK_OPTIONS, problems);

const readNamed = <V extends object>(
  table: string,
  named: Named<keyof V & string>,
  kinds: {readonly [K in keyof V]-?: Kind<NonNullable<V[K]>>},
  problems: Problem[],
): ReadonlyMap<string, V> =>
  new Map(
    [...named].map(([own, found]) => {
      if (!NAME.read(own).ok)
        problems.push({name: table, file: null, expected: NAME.expected, got: show(own)});
      const entries = [...found].map(([key, leaf]) => [
        key,
        readLeaf(`${table}.${own}.${key}`, kinds[key], leaf, problems),
      ]);
      return [own, Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as V];
    }),
  );

const readLeaf = <T>(
  name: string,
  kind: Kind<T>,
  {file, value}: Leaf,
  problems: Problem[],
): T | undefined => {
  const reading = kind.read(value);
  if (reading.ok) return reading.value;
  const {expected = kind.expected, got = show(value), hint} = reading;
  problems.push({name, file, expected, got, ...(hint !== undefined && {hint})});
  return undefined;
};

const defaultOf = (name: string, kind: Kind<unknown>, fallback: unknown): unknown => {
  if (fallback === undefined) return undefined;
  const reading = kind.read(fallback);
  if (!reading.ok) throw new Error(`the default of ${name} is not what the option allows`);
  return reading.value;
};
