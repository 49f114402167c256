import type {IncomingMessage} from 'node:http';

/** One EC2 Query API call: its action and its flat fields (`Filter.1.Name`). */
export type Request = {
  readonly action: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly from?: string;
};

/** An answer EC2 gives in its error form. */
export type Refusal = Error & {readonly code: string; readonly status: number};

/** Makes the error EC2 answers with: a code of its own list, a message, the HTTP status. */
export const refusal = (code: string, message: string, status = 400): Refusal =>
  Object.assign(new Error(message), {code, status});

export const isRefusal = (error: unknown): error is Refusal =>
  error instanceof Error && 'code' in error && 'status' in error;

/** Reads a form-encoded call; throws for a body over 1 MB. */
export const readRequest = async (message: IncomingMessage): Promise<Request> => {
  let body = '';
  for await (const chunk of message.setEncoding('utf8')) {
    body += String(chunk);
    if (body.length > 1 << 20) throw refusal('RequestEntityTooLarge', 'the body is over 1 MB', 413);
  }
  const fields = new Map(new URLSearchParams(body));
  const from = message.socket.remoteAddress;
  return {action: fields.get('Action') ?? '', fields, ...(from !== undefined && {from})};
};

export const formBody = (fields: ReadonlyMap<string, string>): string =>
  new URLSearchParams([...fields]).toString();

export type Filter = {readonly name: string; readonly values: readonly string[]};

/** The `Filter.N` fields of a Describe call. */
export const filtersOf = ({fields}: Request): Filter[] =>
  [...fields]
    .filter(([key]) => /^Filter\.\d+\.Name$/.test(key))
    .map(([key, name]) => ({name, values: listOf(fields, `${key.slice(0, -'.Name'.length)}.Value`)}));

/** The same call with other filters. */
export const withFilters = ({fields, ...rest}: Request, filters: readonly Filter[]): Request => {
  const others = [...fields].filter(([key]) => !key.startsWith('Filter.'));
  const mine = filters.flatMap(({name, values}, n): [string, string][] => [
    [`Filter.${n + 1}.Name`, name],
    ...values.map((value, m): [string, string] => [`Filter.${n + 1}.Value.${m + 1}`, value]),
  ]);
  return {...rest, fields: new Map([...others, ...mine])};
};

/** The values of `prefix.1`, `prefix.2` … */
export const listOf = (fields: ReadonlyMap<string, string>, prefix: string): string[] =>
  [...fields].filter(([key]) => key.startsWith(`${prefix}.`)).map(([, value]) => value);
