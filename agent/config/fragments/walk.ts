import {nearest} from '../options/nearest.ts';
import {OPTIONS, type OptionName, ROLE_OPTIONS, WEBHOOK_OPTIONS} from '../options/options.ts';
import {type Problem, show} from '../options/problem.ts';
import {isTable, type Leaf, plainValue, type Table} from './merge.ts';

export type RoleOption = keyof typeof ROLE_OPTIONS;
export type WebhookOption = keyof typeof WEBHOOK_OPTIONS;

/** Tables whose names are the operator's own, with their options. */
export type Named<O extends string> = ReadonlyMap<string, ReadonlyMap<O, Leaf>>;

/** What the files say, by full option name. */
export interface Found {
  readonly options: ReadonlyMap<OptionName, Leaf>;
  /** `[roles.<name>]` */
  readonly roles: Named<RoleOption>;
  /** `[webhooks.<name>]` */
  readonly webhooks: Named<WebhookOption>;
  /** full names of the tables that are there, even when empty */
  readonly tables: ReadonlySet<string>;
  /** unknown names, and values where a table belongs */
  readonly problems: readonly Problem[];
}

const OPTION_NAMES = Object.keys(OPTIONS);
const TABLES = new Set(OPTION_NAMES.flatMap(option => tablesAround(option)));
const ROLES = 'roles';
const WEBHOOKS = 'webhooks';
const NAMED = [ROLES, WEBHOOKS];

/** Looks up every name of the merged tree among the options. Unknown names are refused with the nearest known one. */
export const walk = (inputs: Table): Found => {
  const options = new Map<OptionName, Leaf>();
  const tables = new Set<string>();
  const problems: Problem[] = [];

  const visit = (table: Table, path: string): void => {
    for (const [key, node] of table.entries) look(path === '' ? key : `${path}.${key}`, key, node);
  };
  const look = (full: string, key: string, node: Leaf | Table): void => {
    if (NAMED.includes(full)) return;
    // a quoted key with a dot in it is a name of its own, not a path
    if (key.includes('.')) problems.push(unknownName(full, node.file));
    else if (isOption(full)) options.set(full, {file: node.file, value: plainValue(node)});
    else if (!TABLES.has(full)) problems.push(unknownName(full, node.file));
    else if (!isTable(node)) problems.push(notATable(full, node));
    else {
      tables.add(full);
      visit(node, full);
    }
  };

  const named = <O extends string>(name: string, options: Readonly<Record<O, unknown>>): Named<O> =>
    walkNamed({name, node: inputs.entries.get(name), options}, problems);

  visit(inputs, '');
  const [roles, webhooks] = [named(ROLES, ROLE_OPTIONS), named(WEBHOOKS, WEBHOOK_OPTIONS)];
  return {options, roles, webhooks, tables, problems};
};

interface Naming<O extends string> {
  readonly name: string;
  readonly node: Leaf | Table | undefined;
  readonly options: Readonly<Record<O, unknown>>;
}

const walkNamed = <O extends string>({name, node, options}: Naming<O>, problems: Problem[]): Named<O> => {
  const found = new Map<string, ReadonlyMap<O, Leaf>>();
  if (node === undefined) return found;
  if (!isTable(node)) {
    problems.push(notATable(name, node));
    return found;
  }
  for (const [own, table] of node.entries) {
    if (isTable(table)) found.set(own, walkOne({name: `${name}.${own}`, node: table, options}, problems));
    else problems.push(notATable(`${name}.${own}`, table));
  }
  return found;
};

const walkOne = <O extends string>(
  {name, node, options}: Naming<O> & {readonly node: Table},
  problems: Problem[],
): ReadonlyMap<O, Leaf> => {
  const found = new Map<O, Leaf>();
  const isKnown = (key: string): key is O => Object.hasOwn(options, key);
  for (const [key, entry] of node.entries) {
    if (isKnown(key)) found.set(key, {file: entry.file, value: plainValue(entry)});
    else {
      const expected = `one of ${Object.keys(options).join(', ')}`;
      problems.push({name: `${name}.${key}`, file: entry.file, expected, got: 'an unknown name'});
    }
  }
  return found;
};

function tablesAround(option: string): readonly string[] {
  const parts = option.split('.').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
}

const isOption = (full: string): full is OptionName => Object.hasOwn(OPTIONS, full);

const notATable = (name: string, {file, value}: Leaf): Problem => ({
  name,
  file,
  expected: `a table [${name}]`,
  // an address that somebody wrote without its table
  got: name.startsWith(WEBHOOKS) ? 'a value, which is not shown' : show(value),
});

// The value is not shown: it may be a secret that somebody put where a file's name belongs.
const unknownName = (name: string, file: string): Problem => {
  const near = nearest(name, [...OPTION_NAMES, ...TABLES, ...NAMED]);
  return {
    name,
    file,
    expected: 'a known name',
    got: 'an unknown one',
    ...(near !== undefined && {hint: `did you mean ${near}?`}),
  };
};
