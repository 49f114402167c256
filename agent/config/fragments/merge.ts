import type {Fragment} from './fragments.ts';

/** A value and the file that said it last. */
export interface Leaf {
  readonly file: string;
  readonly value: unknown;
}

/** Tables of all fragments, merged; values and lists are replaced as a whole. */
export interface Table {
  readonly file: string;
  readonly entries: ReadonlyMap<string, Leaf | Table>;
}

/** The merged configuration, not yet validated. */
export type Inputs = Table;

/** Merges fragments into one tree in which every value knows its file. Later fragments win, name by name. */
export const mergeFragments = (fragments: readonly Fragment[]): Inputs =>
  fragments.reduce<Table>((inputs, {file, table}) => mergeTable(inputs, table, file), {
    file: '',
    entries: new Map(),
  });

/** True for a table of the merged tree. */
export const isTable = (node: Leaf | Table | undefined): node is Table =>
  node !== undefined && 'entries' in node;

/** A merged table as a plain value again. */
export const plainValue = (node: Leaf | Table): unknown =>
  isTable(node)
    ? Object.fromEntries([...node.entries].map(([key, entry]) => [key, plainValue(entry)]))
    : node.value;

const mergeTable = (
  before: Table | undefined,
  added: Readonly<Record<string, unknown>>,
  file: string,
): Table => {
  const entries = new Map(before?.entries);
  for (const [key, value] of Object.entries(added)) {
    const known = entries.get(key);
    entries.set(
      key,
      isPlainTable(value) ? mergeTable(isTable(known) ? known : undefined, value, file) : {file, value},
    );
  }
  return {file, entries};
};

const isPlainTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
