const UNITS = {ms: 1, s: 1000, m: 60_000, h: 3_600_000} as const;
const FORM = /^(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?$/;
const PART = /(\d+)(ms|s|m|h)/g;

/** Milliseconds of a duration such as `500ms`, `30s` or `1m30s`; undefined for anything else. */
export const durationMs = (text: string): number | undefined => {
  if (text === '' || !FORM.test(text)) return undefined;
  const parts = [...text.matchAll(PART)];
  const total = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNITS[unit as keyof typeof UNITS],
    0,
  );
  return Number.isSafeInteger(total) ? total : undefined;
};
