import {nearest} from '../options/nearest.ts';
import {OPTIONS, type OptionName, ROLE_OPTIONS} from '../options/options.ts';
import {type Problem, show} from '../options/problem.ts';
import {isTable, type Leaf, plainValue, type Table} from './merge.ts';

export type RoleOption = keyof typeof ROLE_OPTIONS;

/** What the files say, by full option name. */
export interface Found {
  readonly options: ReadonlyMap<OptionName, Leaf>;
  /** `[roles.<name>]` */
  readonly roles: ReadonlyMap<string, ReadonlyMap<RoleOption, Leaf>>;
  /** full names of the tables that are there, even when empty */
  readonly tables: ReadonlySet<string>;
  /** unknown names, and values where a table belongs */
  readonly problems: readonly Problem[];
}

const OPTION_NAMES = Object.keys(OPTIONS);
const TABLES = new Set(OPTION_NAMES.flatMap(option => tablesAround(option)));
const ROLE_OPTION_NAMES = Object.keys(ROLE_OPTIONS);
const ROLES = 'roles';

/** Looks up every name of the merged tree among the options. Unknown names are refused with the nearest known one. */
export const walk = (inputs: Table): Found => {
  const options = new Map<OptionName, Leaf>();
  const tables = new Set<string>();
  const problems: Problem[] = [];

  const visit = (table: Table, path: string): void => {
    for (const [key, node] of table.entries) look(path === '' ? key : `${path}.${key}`, key, node);
  };
  const look = (full: string, key: string, node: Leaf | Table): void => {
    if (full === ROLES) return;
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

  visit(inputs, '');
  return {options, roles: walkRoles(inputs.entries.get(ROLES), problems), tables, problems};
};

const walkRoles = (node: Leaf | Table | undefined, problems: Problem[]): Found['roles'] => {
  const roles = new Map<string, ReadonlyMap<RoleOption, Leaf>>();
  if (node === undefined) return roles;
  if (!isTable(node)) {
    problems.push(notATable(ROLES, node));
    return roles;
  }
  for (const [role, table] of node.entries) {
    if (isTable(table)) roles.set(role, walkRole(role, table, problems));
    else problems.push(notATable(`${ROLES}.${role}`, table));
  }
  return roles;
};

const walkRole = (role: string, table: Table, problems: Problem[]): ReadonlyMap<RoleOption, Leaf> => {
  const found = new Map<RoleOption, Leaf>();
  for (const [key, node] of table.entries) {
    if (isRoleOption(key)) found.set(key, {file: node.file, value: plainValue(node)});
    else {
      problems.push({
        name: `${ROLES}.${role}.${key}`,
        file: node.file,
        expected: `one of ${ROLE_OPTION_NAMES.join(', ')}`,
        got: 'an unknown name',
      });
    }
  }
  return found;
};

function tablesAround(option: string): readonly string[] {
  const parts = option.split('.').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
}

const isOption = (full: string): full is OptionName => Object.hasOwn(OPTIONS, full);
const isRoleOption = (key: string): key is RoleOption => Object.hasOwn(ROLE_OPTIONS, key);

const notATable = (name: string, {file, value}: Leaf): Problem => ({
  name,
  file,
  expected: `a table [${name}]`,
  got: show(value),
});

// The value is not shown: it may be a secret that somebody put where a file's name belongs.
const unknownName = (name: string, file: string): Problem => {
  const near = nearest(name, [...OPTION_NAMES, ...TABLES, ROLES]);
  return {
    name,
    file,
    expected: 'a known name',
    got: 'an unknown one',
    ...(near !== undefined && {hint: `did you mean ${near}?`}),
  };
};
