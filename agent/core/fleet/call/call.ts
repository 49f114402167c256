/** What the coordinator says to one host, `calls/<instance>`. It is a hint: the host asks the ledger before it believes. */
import * as v from 'valibot';
import {countSchema as count, momentSchema, readDocument} from '../../document.ts';
import type {HostStatus} from '../../host/status.ts';
import type {Ledger, Permit, Rollout} from '../ledger.ts';

/** A permit as its host is told of it. */
export interface Granted {
  readonly fence: number;
  readonly version: string;
  /** a way back to a release that was proven before: it is not watched anew on each host */
  readonly quick: boolean;
}

/** `ledger`: the version of the ledger that has the permit. A host that turns round is told by the notice to where. */
export type Call =
  | {readonly type: 'permit'; readonly permit: Granted; readonly ledger: string}
  | {readonly type: 'revert'}
  /** what an older agent wrote: the ledger says what it is about */
  | {readonly type: 'look'}
  | {readonly type: 'nothing'};

/** The call of a host that was never called: a key that is there is answered at once. */
export const NO_CALL = '0';

const text = v.string();
const schema = v.object({
  permit: v.exactOptional(v.object({fence: count, version: text, quick: v.optional(v.boolean(), false)})),
  ledger: v.exactOptional(text),
  at: momentSchema,
});

/** The call of a host that has a permit, in the ledger of this version. `at`, ms since the epoch, makes each call another one. */
export const permitCall = (permit: Permit, {rollout}: Ledger, version: string, at: number): string =>
  JSON.stringify({permit: grantedOf(permit, rollout), ledger: version, at});

/** The call of a host that turns round. */
export const revertCall = (at: number): string => JSON.stringify({at});

/** The permit in the ledger as its host is told of it. */
export const grantedOf = (permit: Permit, rollout: Ledger['rollout']): Granted => ({
  fence: permit.fence,
  version: permit.version,
  quick: isQuick(rollout, permit),
});

// What was proven before is not watched anew on each host: a way back is to be quick.
const isQuick = (rollout: Rollout | null, {version, release}: Pick<Permit, 'version' | 'release'>): boolean =>
  rollout !== null &&
  version === rollout.version &&
  (rollout.way === 'back' || release === rollout.revert?.release);

/** Reads a call. One that is not understood is a reason to look at the ledger. */
export const readCall = (value: string): Call => {
  if (value === NO_CALL) return {type: 'nothing'};
  const reading = readDocument('call', value, schema);
  if (!reading.ok) return {type: 'look'};
  const {permit, ledger} = reading.value;
  if (!permit) return {type: 'revert'};
  return ledger === undefined ? {type: 'look'} : {type: 'permit', permit, ledger};
};

/** Permits whose hosts are seen and say nothing of them: a call may have been lost. */
export const unheard = (permits: readonly Permit[], hosts: readonly HostStatus[]): readonly Permit[] => {
  if (permits.length === 0) return [];
  const known = new Map(hosts.map(host => [host.instance, host]));
  return permits.filter(({host, fence}) => {
    const status = known.get(host);
    return status !== undefined && Math.max(status.permit ?? 0, status.outcome?.fence ?? 0) < fence;
  });
};
