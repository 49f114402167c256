import {releaseId} from '../../../agent/core/release.ts';
import type {Machine} from '../fleet/machine.ts';
import type {Invariant} from './invariant.ts';

const WINDOW_MS = 300_000;

const failedOn = ({state}: Machine): string | null =>
  state?.rejected ? releaseId(state.rejected.release) : null;

/** What served a host before is what it goes back to by itself, whatever others say of it. */
const goesBack = ({state, served}: Machine, release: string): boolean =>
  state?.phase === 'activating' && state.attempt.purpose === 'rollback' && served.has(release);

/** A host that has served nothing boots the proven release while there is one; a denied release never starts. */
export const boots: Invariant = (world, fail) => {
  const {timeline} = world;
  let known: {readonly proven: string | null; readonly denied: readonly string[]; until: number}[] = [];
  const saw = (proven: string | null, denied: readonly string[]): void => {
    const now = timeline.now();
    const last = known.at(-1);
    if (last) last.until = now;
    if (last?.proven === proven && last.denied.join() === denied.join()) return;
    known = [...known.filter(({until}) => now - until < WINDOW_MS), {proven, denied, until: now}];
  };
  saw(null, []);
  return event => {
    if (event.type === 'ledger') saw(event.after.proven, event.after.denied);
    if (event.type !== 'activating') return;
    const {machine, release} = event;
    const recent = recentOf(known, timeline.now(), machine.launchedAt);
    if (recent.every(({denied}) => denied.includes(release)) && !goesBack(machine, release))
      fail(`${machine.instance} starts ${release}, which is denied`);
    if (machine.served.size > 0 || release === world.scenario.seed) return;
    if (recent.some(({proven}) => proven !== null && proven === failedOn(machine))) return; // it failed there
    if (recent.every(({proven}) => proven !== null && proven !== release))
      fail(`${machine.instance} is new and boots ${release}, and proven is ${recent.at(-1)?.proven}`);
  };
};

type Known = {readonly proven: string | null; readonly denied: readonly string[]; readonly until: number};

// what a booting host read is from the time since it was launched, and not older than its tries to stage it
const recentOf = (known: readonly Known[], now: number, launchedAt: number): readonly Known[] =>
  known.filter((each, n) => n === known.length - 1 || each.until >= Math.max(launchedAt, now - WINDOW_MS));
