import type {StatusReport} from '../control/protocol.ts';
import type {Phase} from '../core/host/state.ts';

/** What happens next by itself, by phase. */
const NEXT: Readonly<Record<Phase, string>> = {
  booting: 'It goes on trying until it finds a release that it may run.',
  staging:
    'When everything is on the disk, it asks for its permit or, if nothing serves here yet, starts it.',
  waiting: 'It drains when the permit comes. Until then it serves what it has.',
  draining: 'It switches when no request is outstanding, or at the deadline of the drain.',
  activating: 'Then the release has to pass its health gate.',
  gating:
    'It returns to traffic when the health gate passes. If it does not, the previous release comes back.',
  rejoining: 'It tries until it is back in traffic.',
  baking:
    'When the bake time is over, the permit goes back. If a probe fails before, the previous release comes back.',
  serving: '',
  'rolling-back': 'It returns to traffic with the previous release, without the network.',
  held: '',
};

type Advice = readonly [RegExp, string];

/** What an operator can do, by the kind of the reason. The first that matches is said. */
const ADVICE: readonly Advice[] = [
  [
    /^journal\./,
    'What serves goes on serving, and nothing new begins. Make room on the disk of /var/lib/release-agent, or mend it: the agent goes on by itself within seconds.',
  ],
  [
    /^slots\.left$/,
    'What serves is not touched by that. It is tried again by itself; whoever holds the old slot has to let go of it.',
  ],
  [/^operator\.hold$/, '"agentctl resume" lets it follow the desired release again.'],
  [
    /^permit\.(?:waiting|concurrency|floor|zone-floor|zone-turn|wave|wave-bake|window|restored)$/,
    'Its turn comes by itself; nothing has to be done.',
  ],
  [/^permit\.frozen$/, '"agentctl thaw" lets the fleet go on.'],
  [
    /^permit\.locked$/,
    'It waits until the lock is gone: ask whose it is, or take it away with "agentctl unlock --break".',
  ],
  [/^permit\.(?:share|denied|message)$/, ''], // they say what to do
  [
    /^permit\.wave-unwell$/,
    'It goes on when these hosts serve again: "agentctl why" there says what is wrong.',
  ],
  [
    /^permit\.holder-missing$/,
    'Terminate that instance, or take its permit with "agentctl release-permit" when it is gone for good.',
  ],
  [/^permit\.reverted$/, 'Ask for another release when the fleet is back: "agentctl deploy".'],
  [/^stage\.spread$/, ''],
  [/^permit\.halted$/, 'Ask for another release, or for this one again: "agentctl deploy".'],
  [
    /^(?:release\.kind-not-(?:configured|supported)|snapshot\.(?:missing|owner|archived|size|state)|git\.(?:revision-missing|not-a-commit|object-format|lfs|submodule|signature|unsigned))$/,
    'Ask for another release: "agentctl deploy", or mend what the reason names.',
  ],
  [
    /^health\.failed$/,
    'The agent leaves what runs alone: whoever supervises the application has to bring it back. "systemctl status" of its units says more.',
  ],
  [/^store\./, 'Until the store answers, no drain begins, and what runs here goes on running.'],
  [/^desired\.missing$/, 'Ask for a release: "agentctl deploy", or write the key.'],
  [
    /^desired\.refused$/,
    'Nothing changes until the key holds a release: "agentctl deploy", or write the key.',
  ],
  [/^release\.rejected-here$/, ''],
  [/^release\.paused-here$/, '"agentctl retry" tries it again at once.'],
  [/./, '"journalctl -u release-agentd" has the details.'],
];

/** What happens next, and what an operator can do about what is in the way. */
export const advice = (report: StatusReport): readonly string[] => {
  const kind = report.reason?.kind ?? report.refusal?.kind;
  const todo = kind === undefined ? '' : (ADVICE.find(([pattern]) => pattern.test(kind))?.[1] ?? '');
  return [next(report), stuck(report) ?? todo].filter(text => text !== '');
};

const next = ({phase, reason, purpose}: StatusReport): string => {
  if (reason?.kind === 'stage.spread') return 'Its turn comes by itself; "agentctl retry" begins at once.';
  if (phase === 'staging' && reason)
    return 'It tries again by itself, ever more slowly; "agentctl retry" tries at once.';
  if (phase === 'gating' && purpose === 'rollback')
    return 'It returns to traffic when the health gate passes. If it does not, it is tried again, and after that the host stays out of traffic for a while.';
  if (phase === 'gating' && purpose === 'boot')
    return 'It enters traffic when the health gate passes. If it does not, a release that ran here before comes back, or it starts over after a pause.';
  return NEXT[phase];
};

// Held by no operator: nothing works here, and the agent starts over after a pause.
const stuck = ({phase, hold}: StatusReport): string | null =>
  phase === 'held' && hold === null
    ? 'It starts over by itself after a pause, and at once for a new desired release or "agentctl retry". "journalctl -u release-agentd" has the details.'
    : null;
