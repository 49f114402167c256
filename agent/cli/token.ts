/** An operator's own token for the store. Everything is loaded late: most verbs need none. */

export type TokenReading =
  | {readonly ok: true; readonly token?: string}
  | {readonly ok: false; readonly text: string};

/** Reads the file that holds it, which nobody else may read; no path, no token. */
export const readToken = async (path: string | undefined): Promise<TokenReading> => {
  if (path === undefined || path === '') return {ok: true};
  const [{readFile}, {SECRET_EXPECTED, secretProblem}, {isConsulToken}] = await Promise.all([
    import('node:fs/promises'),
    import('../host/secret-file.ts'),
    import('../core/token.ts'),
  ]);
  const refuse = (expected: string, got: string) =>
    ({ok: false, text: `the token file ${path}: expected ${expected}, got ${got}`}) as const;
  const got = await secretProblem(path);
  if (got !== null) return refuse(SECRET_EXPECTED, got);
  const token = (await readFile(path, 'utf8')).trim();
  return isConsulToken(token) ? {ok: true, token} : refuse('one line of printable ASCII', 'something else');
};
