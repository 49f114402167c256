import {standingOf} from '../../../core/fleet/operate/standing.ts';
import {progressOf} from '../../../core/fleet/operate/summary.ts';
import {reasonText} from '../../../core/reason.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import {type Clock, systemClock} from '../../../host/clock.ts';
import {WIDTH, wrap} from '../../layout.ts';
import {EXIT, type Terminal} from '../../terminal.ts';
import type {FleetOptions} from '../reach/options.ts';
import {type Reach, Refusal} from '../reach/reach.ts';
import {readFleet} from '../reach/read.ts';
import {createChanges} from './changes.ts';
import {drawOn} from './draw.ts';
import {outcomeOf} from './outcome.ts';
import {createPace} from './pace.ts';
import {type Look, sceneText} from './scene.ts';

export interface WatchOptions extends FleetOptions {
  readonly until?: 'steady';
  /** ms */
  readonly timeout?: number;
}

/** What only tests change. */
export interface WatchTuning {
  readonly clock?: Clock;
  /** a store that does not answer for so long ends the watch, ms */
  readonly awayMs?: number;
}

/** Between two looks, and for each host that a look reads, ms. */
const EVERY_MS = 1_000;
const EVERY_HOST_MS = 1;
const AWAY_MS = 300_000;
const UNTIL_MS = 3_600_000;

/** Shows the rollout until it ends, the time is over, or somebody interrupts. Gives the exit code. */
export const watch = async (
  reach: Reach,
  options: WatchOptions,
  terminal: Terminal,
  {clock = systemClock, awayMs = AWAY_MS}: WatchTuning = {},
): Promise<number> => {
  const {until, timeout = until && UNTIL_MS} = options;
  const stop = terminal.interruption?.() ?? reach.signal;
  const show = showing(options, terminal);
  const pace = createPace();
  const deadline = timeout === undefined ? Number.POSITIVE_INFINITY : clock.now() + timeout;
  let seen: Seen = {fleet: await readFleet(reach), away: null};
  try {
    for (;;) {
      const now = clock.now();
      const {fleet} = seen;
      pace.note(fleet.view.ledger, now);
      show.look({name: reach.name, ...seen, perHostMs: pace.perHostMs(), now});
      const outcome = until ? outcomeOfSeen(seen) : null;
      if (outcome !== null) return outcome;
      refuseIfLost(seen, now, awayMs);
      if (now >= deadline) return show.end(`the time is over. ${GOES_ON}`, EXIT.late);
      await clock.sleep(Math.min(EVERY_MS + fleet.view.hosts.length * EVERY_HOST_MS, deadline - now), stop);
      if (!stop.aborted) seen = await readAgain({...reach, signal: stop}, seen, clock);
      if (stop.aborted) return show.end(GOES_ON, EXIT.interrupted);
    }
  } finally {
    show.close();
  }
};

/** What was seen last, and since when no more is. */
type Seen = Pick<Look, 'fleet' | 'away'>;

const GOES_ON =
  'Nothing stops with that: what was asked for goes on. "agentctl watch" looks again, "agentctl freeze" stops the fleet.';

const outcomeOfSeen = ({fleet: {view}, away}: Seen): number | null => {
  if (away) return null;
  if (standingOf(view) === 'idle')
    throw new Refusal('desired.missing', 'no release is asked for: there is no rollout to wait for');
  return outcomeOf(view);
};

const refuseIfLost = ({away}: Seen, now: number, awayMs: number): void => {
  if (away && now - away.since >= awayMs) throw new Refusal('store.unreachable', away.text, EXIT.noAnswer);
};

/** The fleet as it is now; as it was, while the store does not answer. */
const readAgain = async (reach: Reach, {fleet, away}: Seen, {now}: Clock): Promise<Seen> => {
  try {
    return {fleet: await readFleet(reach), away: null};
  } catch (error) {
    if (reach.signal.aborted) return {fleet, away};
    if (!(error instanceof ReasonError) || error.reason.kind !== 'store.unreachable') throw error;
    return {fleet, away: {text: reasonText(error.reason), since: away?.since ?? now()}};
  }
};

interface Showing {
  look(look: Look): void;
  /** Says why it ends before the rollout does; gives the exit code back. */
  end(text: string, exit: number): number;
  close(): void;
}

const showing = ({json}: WatchOptions, {say, complain, screen}: Terminal): Showing => {
  const end = (text: string, exit: number): number => {
    complain(wrap(`agentctl: ${text}`).join('\n'));
    return exit;
  };
  if (!json && screen && screen.size().columns >= WIDTH) {
    const drawing = drawOn(screen);
    return {
      look: look => drawing.draw(sceneText(look)),
      end: (text, exit) => {
        drawing.end();
        return end(text, exit);
      },
      close: drawing.end,
    };
  }
  const changes = createChanges();
  return {
    look: look => {
      const lines = changes.since(look);
      if (json && lines.length > 0) say(JSON.stringify(documentOf(look, lines)));
      if (!json) for (const text of lines) say(`${new Date(look.now).toISOString().slice(11, 19)} ${text}`);
    },
    end,
    close: () => undefined,
  };
};

const documentOf = ({name, fleet: {view}, away, now}: Look, changes: readonly string[]) => {
  const {ledger, freeze, lock} = view;
  return {
    at: now,
    fleet: name,
    standing: standingOf(view),
    ...progressOf(view),
    rollout: ledger.rollout,
    out: ledger.permits.map(({host}) => host),
    failures: ledger.failures.length,
    blocked: ledger.blocked && {kind: ledger.blocked.kind, text: reasonText(ledger.blocked)},
    frozen: freeze,
    locked: lock,
    away: away?.text ?? null,
    changes,
  };
};
