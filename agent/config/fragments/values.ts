import type {Kind} from '../options/kind.ts';
import {name as NAME, OPTIONS, type OptionName, ROLE_OPTIONS, type Values} from '../options/options.ts';
import {type Problem, show} from '../options/problem.ts';
import type {Leaf} from './merge.ts';
import type {Found, RoleOption} from './walk.ts';

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

/** Checks the overrides of every role, also of those this host does not have. */
export const readRoles = (roles: Found['roles'], problems: Problem[]): ReadonlyMap<string, RoleValues> =>
  new Map([...roles].map(([role, found]) => [role, readRole(role, found, problems)]));

const readRole = (role: string, found: ReadonlyMap<RoleOption, Leaf>, problems: Problem[]): RoleValues => {
  if (!NAME.read(role).ok)
    problems.push({name: 'roles', file: null, expected: NAME.expected, got: show(role)});
  const entries = [...found].map(([key, leaf]) => [
    key,
    readLeaf(`roles.${role}.${key}`, ROLE_OPTIONS[key], leaf, problems),
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as RoleValues;
};

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
