/** What operators change in the ledger by hand. Each edit gives the ledger and what it means, or why there is nothing to do. */
import type {HostStatus} from '../../host/status.ts';
import {shortId} from '../../release.ts';
import {DENIED_LIMIT} from '../failure/verdict.ts';
import type {Ledger} from '../ledger.ts';

export type Edit =
  | {readonly ok: true; readonly ledger: Ledger; readonly text: string}
  | {readonly ok: false; readonly text: string};

const refuse = (text: string): Edit => ({ok: false, text});

/** The release never boots or rolls again until somebody allows it. */
export const denyRelease = (ledger: Ledger, release: string): Edit => {
  const short = shortId(release);
  const {denied, proven, rollout} = ledger;
  if (denied.includes(release)) return refuse(`${short} is denied already`);
  if (release === proven)
    return refuse(
      `${short} is what new instances boot, and is not denied: bring the fleet to another release first`,
    );
  const kept = denied.slice(-(DENIED_LIMIT - 1));
  const [dropped] = denied.slice(0, denied.length - kept.length);
  const parts = [
    `${short} is denied: no host boots it or begins to go to it`,
    ...(rollout?.release === release && !rollout.revert
      ? ['its rollout stands still, and "agentctl revert" takes back the hosts that have it']
      : []),
    ...(dropped === undefined ? [] : [`${shortId(dropped)}, denied first of ${DENIED_LIMIT}, no longer is`]),
  ];
  return {ok: true, ledger: {...ledger, denied: [...kept, release]}, text: parts.join('; ')};
};

/** A denied release may be tried again. The failures of its rollout stay: asking for it again begins another. */
export const allowRelease = (ledger: Ledger, release: string): Edit => {
  const short = shortId(release);
  const {denied, rollout, failures} = ledger;
  if (!denied.includes(release)) return refuse(`${short} is not denied`);
  const again =
    rollout?.release === release && failures.length > 0
      ? `. Its rollout stays halted by its failures: "agentctl deploy" asks for it again`
      : '';
  const left = denied.filter(each => each !== release);
  return {ok: true, ledger: {...ledger, denied: left}, text: `${short} may be tried again${again}`};
};

/** A host's permit is free although the host never gave it back. One that still says it holds it would have it again at once. */
export const takePermit = (ledger: Ledger, name: string, hosts: readonly HostStatus[]): Edit => {
  const permit = ledger.permits.find(({host}) => host === name);
  if (!permit) return refuse(`${name} has no permit`);
  const seen = hosts.find(({instance}) => instance === name);
  if (seen && seen.permit !== null)
    return refuse(
      `${name} is there, ${seen.phase}, and says that it holds its permit: end it there ("agentctl rollback" or "agentctl retry"), or terminate the instance`,
    );
  const permits = ledger.permits.filter(({host}) => host !== name);
  return {
    ok: true,
    ledger: {...ledger, permits},
    text: `the permit ${permit.fence} of ${name} for ${shortId(permit.release)} is free`,
  };
};
