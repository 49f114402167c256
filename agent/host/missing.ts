/** The system's code of a failed call (`ENOENT`), or undefined. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** True for the error of a file, folder or socket that is not there. */
export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';
