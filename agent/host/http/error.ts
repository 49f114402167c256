const ERROR_TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'name not found',
  EAI_AGAIN: 'name lookup failed for now',
  ENOENT: 'the socket is not there',
  ETIMEDOUT: 'connection timed out',
};

/** A network error as a short text: `connection refused` for ECONNREFUSED, else the error's own message. */
export const errorText = (error: unknown): string => {
  const code = (error as {code?: unknown} | null)?.code;
  const known = typeof code === 'string' ? ERROR_TEXTS[code] : undefined;
  if (known !== undefined) return known;
  // connecting to a name with several addresses fails with an error for each and no message of its own
  if (error instanceof AggregateError) return [...new Set(error.errors.map(errorText))].join(', ');
  const message = error instanceof Error ? error.message : String(error);
  return message === '' ? String(code ?? 'unknown error') : message;
};
