const DAY_MS = 86_400_000;

const two = (count: number): string => String(count).padStart(2, '0');

/**
 * A moment (ms since the epoch) as people read it: `2026-03-29 01:30 UTC`. The calendar of Gregory, by counting the days of 400-year
 * cycles from March on ("chrono-Compatible Low-Level Date Algorithms", Howard Hinnant, `civil_from_days`).
 */
export const utcText = (ms: number): string => {
  const days = Math.floor(ms / DAY_MS) + 719_468;
  const cycle = Math.floor(days / 146_097);
  const ofCycle = days - cycle * 146_097;
  const year = Math.floor(
    (ofCycle - Math.floor(ofCycle / 1_460) + Math.floor(ofCycle / 36_524) - Math.floor(ofCycle / 146_096)) /
      365,
  );
  const ofYear = ofCycle - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const march = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * march + 2) / 5) + 1;
  const month = march < 10 ? march + 3 : march - 9;
  const minutes = Math.floor((ms - Math.floor(ms / DAY_MS) * DAY_MS) / 60_000);
  const date = `${cycle * 400 + year + (month <= 2 ? 1 : 0)}-${two(month)}-${two(day)}`;
  return `${date} ${two(Math.floor(minutes / 60))}:${two(minutes % 60)} UTC`;
};
