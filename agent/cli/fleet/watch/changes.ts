import {standingOf} from '../../../core/fleet/operate/standing.ts';
import {progressOf} from '../../../core/fleet/operate/summary.ts';
import type {FleetView} from '../../../core/fleet/plan.ts';
import {reasonText} from '../../../core/reason.ts';
import {askedText, progressText, standingText, stopText, waveOfText} from '../look/words.ts';
import type {Look} from './scene.ts';

/** Says in lines what changed from one look at the fleet to the next. */
export interface Changes {
  /** Nothing when nothing worth a line happened; never more than a few lines at once. */
  since(look: Look): readonly string[];
}

/** a rollout's progress makes so many lines at most */
const STEPS = 20;
/** failures and hosts that went missing make so many lines at once */
const AT_ONCE = 5;

/** Follows a fleet from its first look on. What comes and goes while hosts take turns is said once in a rollout. */
export const createChanges = (): Changes => {
  let before = new Map<string, string>();
  let told = new Set<string>();
  let rollout: number | null = null;

  /** Lines of what is said once: the first few, and how many more. */
  const once = (lines: readonly (readonly [mark: string, text: string])[]): readonly string[] => {
    const fresh = lines.filter(([mark]) => !told.has(mark));
    for (const [mark] of fresh) told.add(mark);
    const more = fresh.length - AT_ONCE;
    return [...fresh.slice(0, AT_ONCE).map(([, text]) => text), ...(more > 0 ? [`and ${more} more`] : [])];
  };

  return {
    since: look => {
      const {view} = look.fleet;
      const number = view.ledger.rollout?.number ?? null;
      if (number !== rollout) told = new Set();
      rollout = number;
      const now = stateOf(look);
      const changed = [...now].filter(([mark, text]) => before.get(mark) !== text);
      const ended = [...before.keys()].filter(mark => !now.has(mark) && ENDS[mark] !== undefined);
      before = now;
      return [
        ...changed.map(([mark, text]) => TEXTS[mark]?.(view) ?? text),
        ...ended.map(mark => ENDS[mark] ?? ''),
        ...once(failuresOf(view)),
        ...once(view.missing.map(({host}) => [`missing ${host}`, `${host} is not seen any more`])),
        ...once(blockOf(view)),
      ];
    },
  };
};

/** What is said again whenever it changes. The mark is compared, the text said. */
const stateOf = ({fleet: {view, coordinator}, away}: Look): Map<string, string> => {
  const {freeze, lock, ledger} = view;
  const {done, size} = progressOf(view);
  const step = Math.max(1, Math.ceil(size / STEPS));
  const standing = standingOf(view);
  const wave = waveOfText(view);
  const said = new Map([['standing', `${standing} ${ledger.rollout?.number ?? 0}`]]);
  if (standing === 'rolling' && wave !== null) said.set('wave', wave);
  if (standing !== 'idle' && standing !== 'pending')
    said.set('progress', `${ledger.rollout?.number} ${done === size ? 'all' : Math.floor(done / step)}`);
  if (freeze) said.set('frozen', `frozen ${stopText(freeze.by, freeze.at, freeze.note)}`);
  if (lock) said.set('locked', `locked ${stopText(lock.by, lock.at, lock.why)}`);
  if (coordinator === null) said.set('coordinator', 'nobody coordinates: no permit is given');
  if (away) said.set('store', away.text);
  return said;
};

const TEXTS: Readonly<Record<string, (view: FleetView) => string>> = {
  standing: view =>
    [standingText(standingOf(view), view), askedText(view)].filter(part => part).join('; asked for: '),
  progress: progressText,
};

const ENDS: Readonly<Record<string, string>> = {
  frozen: 'no longer frozen',
  locked: 'no longer locked',
  coordinator: 'somebody coordinates again',
  store: 'the store answers again',
};

const failuresOf = ({ledger: {failures}}: FleetView) =>
  failures.map(
    ({host, fence, cause}) =>
      [
        `failed ${host} ${fence}`,
        `it failed on ${host}: ${cause ? reasonText(cause) : 'no reason given'}`,
      ] as const,
  );

/** Limits come and go with every host: not worth a line. */
const USUAL = ['permit.concurrency', 'permit.wave', 'permit.share', 'permit.zone-turn', 'permit.frozen'];

const blockOf = ({ledger: {blocked, rollout}}: FleetView) =>
  blocked === null || USUAL.includes(blocked.kind)
    ? []
    : [[`${blocked.kind} ${rollout?.wave}`, `no further permit now: ${reasonText(blocked)}`] as const];
