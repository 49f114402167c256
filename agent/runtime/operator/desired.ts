import type {DesiredSeen} from '../../control/protocol.ts';
import {readDesired} from '../../core/desired.ts';
import {saysMeanwhile, shareOf} from '../../core/fleet/operate/bump.ts';
import {type Reason, reason} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
import {releaseId} from '../../core/release.ts';
import type {Entry, Store} from '../../ports.ts';

interface Writing {
  readonly key: string;
  readonly value: string;
  /** the version that it replaces, null: none, undefined: whatever there is */
  readonly seen: string | null | undefined;
  /** whose token it is that may write or not */
  readonly whose: 'the token of this host' | 'the token that was shown';
}

/** What an operator is shown of the desired key. */
export const seenOf = (entry: Entry | null): DesiredSeen => {
  const reading = entry && readDesired(entry.value, entry.version);
  if (!reading?.ok) return {version: entry?.version ?? null, release: null};
  const {release, version, by, message, share} = reading.desired;
  return {
    version,
    release: releaseId(release),
    ...(by !== undefined && {by}),
    ...(message !== undefined && {message}),
    ...(share !== undefined && {share: shareOf(share)}),
  };
};

/** Writes the desired key in place of what was seen. Gives why not, or null. */
export const writeDesired = async (
  store: Store,
  {key, value, seen, whose}: Writing,
  signal: AbortSignal,
): Promise<Reason | null> => {
  try {
    const expected = seen === undefined ? 'any' : seen === null ? 'absent' : {version: seen};
    if ((await store.put(key, value, expected, signal)).ok) return null;
    return cannot(`${saysMeanwhile(key, await store.get(key, signal))}: look at that, and ask again`);
  } catch (error) {
    const why = reasonOf(error);
    return isForbidden(why) ? cannot(`${whose} may not write ${key}: ${REMEDY}`) : why;
  }
};

const REMEDY = 'show the token of an operator who may, by --token-file or CONSUL_HTTP_TOKEN_FILE';

const cannot = (cause: string): Reason => reason('operator.cannot-deploy', {cause});

const isForbidden = (why: Reason): boolean =>
  why.kind === 'store.refused' && /permission denied|ACL not found/i.test(String(why.details.cause));
