/** What one reading of the application's sockets found. */
export interface Reading {
  /** peers with something outstanding; one text with the number when only the counter knows of any */
  readonly busy: readonly string[];
  /** a request came since the reading before */
  readonly arrived: boolean;
}

/** Probes of health checkers never stop. More than one reading in three with something new is traffic, not probes. */
const ARRIVALS_OF = 3;

/**
 * Takes readings with their times (milliseconds, monotonic) and says after each whether it is quiet: the readings of the last
 * `quietMs` had nothing outstanding, and few of them had arrivals.
 */
export const quietWindow = (quietMs: number) => {
  let readings: {readonly at: number; readonly arrived: boolean}[] = [];
  return {
    isQuiet: ({busy, arrived}: Reading, now: number): boolean => {
      if (busy.length > 0) {
        readings = [];
        return false;
      }
      readings.push({at: now, arrived});
      while ((readings[1]?.at ?? Number.POSITIVE_INFINITY) <= now - quietMs) readings.shift();
      const spans = now - (readings[0]?.at ?? now) >= quietMs;
      const arrivals = readings.filter(reading => reading.arrived).length;
      return spans && arrivals <= Math.max(1, Math.floor(readings.length / ARRIVALS_OF));
    },
    /** How long it takes until the calm readings span the window: 0 when they do, so that only arrivals stand in the way. */
    leftMs: (now: number): number => Math.max(0, quietMs - (now - (readings[0]?.at ?? now))),
  };
};
