import type {Answer, DeployRequest} from '../../control/protocol.ts';
import {type Bump, bumpDocument, objectionsTo} from '../../core/fleet/operate/bump.ts';
import {readLock} from '../../core/fleet/stops.ts';
import type {Keys} from '../../core/keys.ts';
import {DEFAULT_POLICY, readPolicy} from '../../core/policy/policy.ts';
import {quote} from '../../core/quote.ts';
import {type Reason, reason, reasonText} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
import {parseRelease, RELEASE_EXPECTED, type Release, releaseId, shortRelease} from '../../core/release.ts';
import type {Store} from '../../ports.ts';
import {readLedgerFrom} from '../ledger.ts';
import {writeDesired} from './desired.ts';

export interface DeployParts {
  readonly store: Store;
  readonly keys: Keys;
  /** Throws why a host like this one could not install the release, as far as can be known in a moment. */
  readonly vet: (release: Release, signal: AbortSignal) => Promise<void>;
  /** The store for somebody's own token; null when it knows none. */
  readonly openStoreAs: (token: string) => Store | null;
}

const VET_MS = 8_000;

/**
 * Writes the desired key. Refuses what the fleet would not follow, and a release that no host of this kind can install; one that could not be looked at, or is not
 * ready yet, is written all the same, and the answer says so.
 */
export const deploy = async (
  parts: DeployParts,
  {release: id, message, by, share, force, seen, token}: DeployRequest,
  signal: AbortSignal,
): Promise<Answer> => {
  const release = parseRelease(id);
  if (!release)
    return {ok: false, reason: reason('desired.refused', {expected: RELEASE_EXPECTED, got: quote(id)})};
  const {desired: key} = parts.keys;
  const bump = {
    release: releaseId(release),
    by,
    ...(message !== undefined && {message}),
    ...(share !== undefined && {share}),
    ...(force !== undefined && {force}),
  };
  const [vain] = await objectionsOf(parts, bump, signal);
  if (vain) return {ok: false, reason: vain};
  const objection = await objectionTo(release, parts.vet, signal);
  if (objection && !isPassing(objection)) return {ok: false, reason: objection};
  const value = bumpDocument(bump, new Date().toISOString());
  const refusal = await writeAs(parts, token, {key, value, seen}, signal);
  if (refusal) return {ok: false, reason: refusal};
  const text = `${key} asks for ${shortRelease(release)} now`;
  return {ok: true, text: objection ? `${text}, but mind: ${reasonText(objection)}` : text};
};

/** Why the fleet would not follow, as the store says it. */
const objectionsOf = async (
  {store, keys}: DeployParts,
  bump: Bump,
  signal: AbortSignal,
): Promise<readonly Reason[]> => {
  const [ledger, policy, lock] = await Promise.all([
    readLedgerFrom({store, keys}, signal),
    store.get(keys.policy, signal),
    store.get(keys.lock, signal),
  ]);
  const rules = policy && readPolicy(policy.value);
  if (rules && !rules.ok) return [rules.cause];
  return objectionsTo(bump, {
    ledger,
    policy: rules?.policy ?? DEFAULT_POLICY,
    lock: lock && readLock(lock.value),
  });
};

const writeAs = async (
  {store, openStoreAs}: DeployParts,
  token: string | undefined,
  write: Pick<Parameters<typeof writeDesired>[1], 'key' | 'value' | 'seen'>,
  signal: AbortSignal,
): Promise<Reason | null> => {
  if (token === undefined) return writeDesired(store, {...write, whose: 'the token of this host'}, signal);
  const theirs = openStoreAs(token);
  if (!theirs) return reason('operator.cannot-deploy', {cause: `${store.name} knows no tokens: show none`});
  try {
    return await writeDesired(theirs, {...write, whose: 'the token that was shown'}, signal);
  } finally {
    await theirs.close();
  }
};

const objectionTo = async (
  release: Release,
  vet: DeployParts['vet'],
  signal: AbortSignal,
): Promise<Reason | null> => {
  const late = AbortSignal.timeout(VET_MS);
  try {
    await vet(release, AbortSignal.any([signal, late]));
    return null;
  } catch (error) {
    signal.throwIfAborted();
    if (!late.aborted) return reasonOf(error);
    const cause = `no answer in ${VET_MS / 1_000} s`;
    return reason('ec2.unreachable', {action: 'DescribeSnapshots', cause});
  }
};

// What says nothing of the release itself, or will be over by itself.
const isPassing = ({kind}: Reason): boolean => kind.startsWith('ec2.') || kind === 'snapshot.pending';
