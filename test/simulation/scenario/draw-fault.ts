import type {Random} from '../random.ts';
import type {Fault, Happening, Whom} from './happening.ts';

const SECOND = 1_000;

const KINDS: readonly (readonly [Fault['kind'], number])[] = [
  ['agent-crash', 8],
  ['agent-restart', 2],
  ['journal-damaged', 1],
  ['reboot', 4],
  ['hang', 1],
  ['terminate', 3],
  ['launch', 2],
  ['app-crash', 2],
  ['slow', 2],
  ['cut', 5],
  ['sick', 3],
  ['lossy', 3],
  ['disk-full', 1],
  ['traffic-broken', 1],
  ['store-down', 1],
  ['leaderless', 1],
  ['store-late', 1],
  ['ec2-down', 1],
  ['restore', 1],
  ['hat-lapse', 3],
  ['ledger-touched', 3],
];

const drawKind = (random: Random): Fault['kind'] => {
  let left = random.next() * KINDS.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of KINDS) {
    left -= weight;
    if (left < 0) return kind;
  }
  return 'agent-crash';
};

const drawWhom = (random: Random): Whom => ({
  among: random.pick(['any', 'busy', 'holder', 'holder', 'coordinator'] as const),
  nth: random.whole(0, 1_000),
});

/** Something bad at this moment. */
export const drawFault = (random: Random, at: number): Happening => {
  const kind = drawKind(random);
  const whom = drawWhom(random);
  const short = random.whole(1, 20) * SECOND;
  const long = random.whole(5, random.chance(0.2) ? 400 : 90) * SECOND;
  const isReplaced = random.chance(0.8);
  const factor = random.between(2, 12);
  switch (kind) {
    case 'agent-crash':
      return {at, kind, whom, ms: random.chance(0.2) ? long : short};
    case 'journal-damaged':
      return {at, kind, whom, ms: short};
    case 'reboot':
    case 'cut':
    case 'lossy':
    case 'sick':
    case 'disk-full':
    case 'traffic-broken':
      return {at, kind, whom, ms: long};
    case 'agent-restart':
    case 'hang':
    case 'launch':
    case 'app-crash':
      return {at, kind, whom};
    case 'terminate':
      return {at, kind, whom, replaceMs: isReplaced ? long : null};
    case 'slow':
      return {at, kind, whom, factor, ms: long};
    case 'ledger-touched':
      return {at, kind};
    default:
      return {at, kind, ms: long};
  }
};
