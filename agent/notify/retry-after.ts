/** What a `Retry-After` header asks for (RFC 9110: seconds, or a date), in ms from `now` on; null when there is none that can be read. */
export const retryAfterMs = (header: string | undefined, now: number): number | null => {
  if (header === undefined) return null;
  if (/^[0-9]{1,9}$/.test(header)) return Number(header) * 1_000;
  // every date of HTTP ends so; Date reads much that is none
  const at = header.endsWith(' GMT') ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - now);
};
