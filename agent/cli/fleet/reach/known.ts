import type {FleetView} from '../../../core/fleet/plan.ts';
import {quote} from '../../../core/quote.ts';
import {parseRelease, RELEASE_EXPECTED, releaseId} from '../../../core/release.ts';
import {EXIT} from '../../terminal.ts';
import {Refusal} from './reach.ts';

const SHORTEST = 4;

/** A release as somebody typed it: a full id, or the beginning of one that the fleet knows. Throws a `Refusal`. */
export const knownRelease = (text: string, {ledger, hosts, desired}: FleetView): string => {
  if (parseRelease(text)) return text;
  const {proven, previous, rollout, denied, provenBefore} = ledger;
  const said = [
    proven,
    previous,
    rollout?.release,
    desired && releaseId(desired.release),
    ...denied,
    ...provenBefore,
  ];
  const all = new Set([...said, ...hosts.map(({active}) => active)]);
  const found = [...all].filter(
    id => typeof id === 'string' && text.length >= SHORTEST && id.startsWith(text),
  );
  const [only] = found;
  if (found.length === 1 && typeof only === 'string') return only;
  const got = quote(text);
  const why = found.length > 1 ? `${got}, which several begin with` : got;
  throw new Refusal(
    'desired.refused',
    `expected ${RELEASE_EXPECTED}, or the beginning of one that this fleet knows, got ${why}`,
    EXIT.usage,
  );
};
