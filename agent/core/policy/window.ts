/** Maintenance windows: when a rollout may go forward, in the local time of a place. Daylight saving time is that place's own. */
import * as v from 'valibot';

/** Minutes are counted from local midnight; a window that ends before it begins ends on the next day. */
export interface Window {
  /** 0: Sunday … 6: Saturday; the day on which it begins */
  readonly days: readonly number[];
  readonly from: number;
  readonly to: number;
  /** of the IANA time zone database, such as `Europe/Berlin` */
  readonly timezone: string;
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const MINUTE_MS = 60_000;
const DAY = 1_440;
const WEEK = 7 * DAY;
/** A clock that is set forward or back moves by less than this. */
const SHIFT = 180;
const STEP = 15;

const time = v.pipe(
  v.string(),
  v.regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as "09:30"'),
  v.transform(text => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))),
);

const timezone = v.pipe(
  v.string(),
  v.check(isTimezone, 'a time zone of the IANA database, such as "Europe/Berlin"'),
);

/** Reads a window: `{"days": ["mon", …], "from": "09:00", "to": "17:00", "timezone": "Europe/Berlin"}`; every day and UTC when not told. */
export const windowSchema = v.pipe(
  v.strictObject({
    days: v.optional(v.pipe(v.array(v.picklist(DAYS)), v.minLength(1))),
    from: time,
    to: time,
    timezone: v.optional(timezone, 'UTC'),
  }),
  v.transform(
    ({days = DAYS, ...rest}): Window => ({...rest, days: days.map(day => DAYS.indexOf(day)).toSorted()}),
  ),
);

function isTimezone(name: string): boolean {
  try {
    return formatOf(name) !== null;
  } catch {
    return false;
  }
}

/** True when one of the windows is open at this moment (ms since the epoch), or there is none to wait for. */
export const isOpen = (windows: readonly Window[], now: number): boolean =>
  windows.length === 0 || windows.some(window => isWithin(window, now));

/** When the next of the windows opens, ms since the epoch; null when that is not within a week. */
export const opensAt = (windows: readonly Window[], now: number): number | null => {
  const openings = windows.flatMap(window => opening(window, now) ?? []);
  return openings.length === 0 ? null : Math.min(...openings);
};

const isWithin = ({days, from, to, timezone: place}: Window, at: number): boolean => {
  const {day, minute} = localAt(at, place);
  if (from < to) return days.includes(day) && minute >= from && minute < to;
  return (days.includes(day) && minute >= from) || (days.includes((day + 6) % 7) && minute < to);
};

// Where the clock is set meanwhile, its wall time is found a little earlier or later than it was reckoned.
const opening = (window: Window, now: number): number | null => {
  const {day, minute} = localAt(now, window.timezone);
  const whole = now - (now % MINUTE_MS);
  const waits = window.days.map(each => (each * DAY + window.from - day * DAY - minute + WEEK) % WEEK);
  for (const wait of waits.toSorted((a, b) => a - b)) {
    for (let late = -SHIFT; late <= SHIFT; late += STEP) {
      const at = whole + (wait + late) * MINUTE_MS;
      if (at > now && isWithin(window, at)) return at;
    }
  }
  return null;
};

interface Local {
  readonly day: number;
  readonly minute: number;
}

const localAt = (at: number, place: string): Local => {
  const parts = new Map(
    formatOf(place)
      .formatToParts(at)
      .map(({type, value}) => [type, value]),
  );
  const day = DAYS.indexOf((parts.get('weekday') ?? '').toLowerCase() as (typeof DAYS)[number]);
  return {day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute'))};
};

const formats = new Map<string, Intl.DateTimeFormat>();

// A format is costly to make, and the same for ever.
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  formats.set(timeZone, made);
  return made;
}
