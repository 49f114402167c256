import {printable} from './printable.ts';
import {utcText} from './utc.ts';

const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`;

const hosts = (count: number): string => (count === 1 ? '1 host' : `${count} hosts`);

const ec2Says = (state: string): string =>
  state === 'none'
    ? 'there is no EC2 here to ask'
    : state === 'unknown'
      ? 'EC2 has not answered'
      : `EC2 says: ${state}`;

// What there is to look at, by what the failures have in common.
const VERDICTS: Readonly<Record<string, string>> = {
  host: '; nothing says yet that it is the release: look at the host',
  infrastructure: '; the application had not been started: look at disks, network and EC2',
};
const verdictText = (verdict: string | undefined): string => VERDICTS[verdict ?? ''] ?? '';

const COLD = '; its volume was not read beforehand: what was read first came slowly, from S3';

/**
 * Why something happened or does not. One kind, one text: log, `STATUS=`, `agentctl` and metric labels share it.
 * To add a reason, add its line to `TEXTS`; its details become typed from the text's parameter.
 */
const TEXTS = {
  // what operators asked for
  'desired.refused': (d: {expected: string; got: string}) =>
    `the desired release is refused: expected ${d.expected}, got ${d.got}`,
  'desired.missing': (d: {key: string}) => `no release is asked for: the key ${d.key} is not there`,
  'release.kind-not-supported': (d: {kind: string}) =>
    `this version of release-agent cannot install releases of kind ${d.kind}`,
  'release.kind-not-configured': (d: {kind: string; section: string}) =>
    `this host has no [${d.section}] in its configuration, which a release of the kind ${d.kind} needs`,
  'release.paused-here': (d: {release: string; cause: string}) =>
    `${d.release} was not activated here and is tried again in a while: ${d.cause}`,
  'release.rejected-here': (d: {release: string; cause: string}) =>
    `${d.release} was tried here and taken back: ${d.cause}. A new desired release or "agentctl retry" tries again`,
  'release.begun-too-often': (d: {count: number}) => `it was begun ${d.count} times and never finished`,
  'release.name-ambiguous': (d: {name: string; remote: string}) =>
    `${d.remote} has both a branch and a tag ${d.name}: write refs/heads/${d.name} or refs/tags/${d.name}`,
  'release.name-not-allowed': (d: {name: string; remote: string; refs: string}) =>
    `${d.name} is in ${d.remote}, but install.git.refs of this host allows only ${d.refs}`,
  'release.name-unknown': (d: {name: string; remote: string}) =>
    `${d.remote} has no branch or tag ${d.name}; abbreviated revisions are not taken`,
  'operator.cannot-deploy': (d: {cause: string}) => `nothing is deployed: ${d.cause}`,
  'operator.cannot-retry': (d: {cause: string}) => `this host cannot try again now: ${d.cause}`,
  'operator.cannot-roll-back': (d: {cause: string}) => `this host cannot go back now: ${d.cause}`,
  'host.stopping': () => 'the host is shutting down',
  'agent.stopping': () => 'the agent is told to stop and ends the application',
  'host.not-stopping': (d: {state: string}) =>
    `this host is not shutting down (systemd says it is ${d.state}): it stays in traffic`,
  'operator.hold': (d: {by: string; note: string}) => `held by ${d.by}: ${d.note}`,
  'operator.rollback': (d: {by: string}) => `${d.by} asked for the previous release`,
  'boot.setting-up': (d: {cause: string}) =>
    `cloud-init may still start what leads to the store, and the image's seed waits for it: ${d.cause}`,

  // the store
  'store.unreachable': (d: {store: string; cause: string}) =>
    `the store ${d.store} does not answer: ${d.cause}`,
  'store.refused': (d: {store: string; cause: string}) =>
    `the store ${d.store} refuses the request: ${d.cause}`,
  'store.document': (d: {key: string; expected: string; got: string}) =>
    `the document ${d.key} is not readable: expected ${d.expected}, got ${d.got}`,
  'presence.lost': (d: {key: string; cause: string}) =>
    `the store no longer says that this host is there (${d.key}): ${d.cause}`,

  'host.unseen': (d: {since: number; ec2: string}) => `since ${utcText(d.since)} (${ec2Says(d.ec2)})`,

  // waiting for a permit
  'permit.waiting': () => 'staged and waiting for a permit',
  'permit.concurrency': (d: {out: number; limit: number; holders: string}) =>
    `${d.out} of ${d.limit} permits are out (${d.holders})`,
  'permit.floor': (d: {serving: number; floor: number; idle?: string}) =>
    `${hosts(d.serving)} of at least ${d.floor} serve: one less would go below the capacity floor${d.idle ? `; not serving: ${d.idle}` : ''}`,
  'permit.denied': (d: {release: string}) =>
    `${d.release} is denied: it failed on several hosts. "agentctl allow" lets it be tried again`,
  'permit.frozen': (d: {by: string; note: string; since: string}) =>
    `the fleet is frozen by ${d.by}${d.since === '' ? '' : ` since ${d.since}`}${d.note === '' ? '' : `: ${d.note}`}`,
  'permit.halted': (d: {failures: number; budget: number; release: string; verdict?: string}) =>
    `the rollout of ${d.release} is halted: it failed on ${hosts(d.failures)} and the failure budget is ${d.budget}${verdictText(d.verdict)}`,
  'permit.locked': (d: {by: string; why: string; since: string}) =>
    `the fleet is locked by ${d.by}${d.since === '' ? '' : ` since ${d.since}`}${d.why === '' ? '' : ` (${d.why})`}: nobody else begins a rollout`,
  'permit.message': (d: {release: string}) =>
    `the policy asks for a message with each rollout, and the one of ${d.release} has none: "agentctl deploy --message"`,
  'permit.restored': (d: {until: number}) =>
    `the store was restored from an older snapshot: its hosts tell it again what it forgot, and nobody gets a permit until ${utcText(d.until)}`,
  'permit.reverted': (d: {release: string; to: string}) =>
    `the rollout of ${d.release} failed, and the fleet goes back to ${d.to}`,
  'permit.share': (d: {share: string; reached: number; quota: number}) =>
    `only ${d.share} of the fleet is asked for: ${d.reached} of ${hosts(d.quota)} have it. "agentctl promote" lets the rest follow`,
  'permit.wave': (d: {wave: number; waves: number; name: string; reached: number; quota: number}) =>
    `wave ${d.wave} of ${d.waves} (${d.name}) is under way: ${d.reached} of ${hosts(d.quota)} have begun it`,
  'permit.wave-bake': (d: {wave: number; waves: number; name: string; until: number}) =>
    `wave ${d.wave} of ${d.waves} (${d.name}) is watched until ${utcText(d.until)}`,
  'permit.wave-unwell': (d: {wave: number; waves: number; name: string; hosts: string}) =>
    `wave ${d.wave} of ${d.waves} (${d.name}) is not well: not serving: ${d.hosts}`,
  'permit.window': (d: {opens: string}) =>
    d.opens === ''
      ? 'no maintenance window opens within a week'
      : `the maintenance window is closed until ${d.opens}`,
  'permit.zone-floor': (d: {zone: string; serving: number; floor: number; idle?: string}) =>
    `${hosts(d.serving)} of at least ${d.floor} serve in ${d.zone}: one less would go below the zone's capacity floor${d.idle ? `; not serving: ${d.idle}` : ''}`,
  'permit.zone-turn': (d: {zone: string; waits: string}) =>
    `the zones go one after the other, and it is the turn of ${d.zone}`,
  'permit.holder-missing': (d: {out: number; limit: number; host: string; ec2: string}) =>
    `${d.out} of ${d.limit} permits are out, one on ${d.host}, which is not seen any more: it is free when the host says so, or EC2 that it is terminated (${ec2Says(d.ec2)})`,
  'rollout.behind': (d: {release: string; proven: string; hosts: string}) =>
    `${d.release} is not proven, and new instances boot ${d.proven}, while these hosts do not serve it: ${d.hosts}`,
  'rollout.failed': (d: {release: string; failures: number; budget: number; last: string}) =>
    `${d.release} failed on ${hosts(d.failures)} and the failure budget is ${d.budget}; at last: ${d.last}`,
  'rollout.unseen': (d: {release: string; hosts: string}) =>
    `${d.release} serves on every host that is seen, but is not proven: not seen any more: ${d.hosts}`,

  // staging
  'stage.spread': (d: {afterMs: number; hosts: number}) =>
    `it stages in its turn, ${Math.ceil(d.afterMs / 1_000)} s after it was asked to: staging is spread over about ${d.hosts} hosts`,
  'prewarm.late': (d: {seconds: number}) => `the time for it, ${d.seconds} s, was over`,
  'stage.timeout': (d: {seconds: number}) => `staging was not done after ${d.seconds} s`,

  // disks
  'disk.full': (d: {path: string; cause: string}) => `the disk of ${d.path} is full: ${d.cause}`,
  'disk.inodes': (d: {path: string; needed: number; available: number}) =>
    `the disk of ${d.path} has ${d.available} free inodes and ${d.needed} are needed`,
  'disk.space': (d: {path: string; needed: number; available: number}) =>
    `the disk of ${d.path} has ${mebibytes(d.available)} free and ${mebibytes(d.needed)} are needed`,

  // EC2, volumes and mounts
  'ec2.answer': (d: {action: string; expected: string; got: string}) =>
    `EC2 answered ${d.action} in an unexpected way: expected ${d.expected}, got ${d.got}`,
  'ec2.refused': (d: {action: string; code: string; cause: string}) =>
    `EC2 refuses ${d.action} (${d.code}): ${d.cause}`,
  'ec2.throttled': (d: {action: string; seconds: number}) =>
    `EC2 limits the rate of ${d.action}: no success in ${d.seconds} s`,
  'ec2.unreachable': (d: {action: string; cause: string}) => `EC2 does not answer ${d.action}: ${d.cause}`,
  'imds.answer': (d: {path: string; expected: string; got: string}) =>
    `the instance metadata ${d.path} is not readable: expected ${d.expected}, got ${d.got}`,
  'imds.refused': (d: {path: string; status: number}) =>
    `the instance metadata service refuses ${d.path} with ${d.status} (403 means that it is switched off)`,
  'imds.unreachable': (d: {url: string; cause: string}) =>
    `the instance metadata service ${d.url} does not answer: ${d.cause}`,
  'mount.busy': (d: {directory: string; cause: string}) => `${d.directory} is still in use: ${d.cause}`,
  'mount.failed': (d: {device: string; directory: string; filesystem: string; cause: string}) =>
    `${d.device} could not be mounted as ${d.filesystem} on ${d.directory}: ${d.cause}`,
  'mount.slow': (d: {device: string; directory: string; seconds: number}) =>
    `${d.device} is not mounted on ${d.directory} after ${d.seconds} s: the volume may not answer`,
  'prune.timeout': (d: {seconds: number}) =>
    `old slots were not all removed after ${d.seconds} s; the next clean-up goes on`,
  'slots.left': (d: {cause: string}) => `old slots are not all removed yet: ${d.cause}`,
  'snapshot.archived': (d: {snapshot: string}) =>
    `${d.snapshot} is in the archive tier: restore it before it can be installed`,
  'snapshot.missing': (d: {snapshot: string; region: string}) =>
    `${d.snapshot} does not exist in ${d.region}, or this account may not see it`,
  'snapshot.owner': (d: {snapshot: string; owner: string; allowed: string}) =>
    `${d.snapshot} belongs to account ${d.owner}, allowed: ${d.allowed}`,
  'snapshot.pending': (d: {snapshot: string; progress: string}) =>
    `${d.snapshot} is not complete yet (${d.progress})`,
  'snapshot.size': (d: {snapshot: string; size: number; limit: number}) =>
    `${d.snapshot} is ${d.size} GiB large and the limit is ${d.limit} GiB`,
  'snapshot.state': (d: {snapshot: string; state: string}) =>
    `${d.snapshot} is in state ${d.state}, not completed`,
  'volume.attachment-limit': (d: {instance: string; cause: string}) =>
    `${d.instance} cannot have another volume attached: ${d.cause}`,
  'volume.busy': (d: {volume: string; state: string}) =>
    `${d.volume} is not free yet: its state is ${d.state}`,
  'volume.device-names': (d: {tried: number}) => `none of ${d.tried} device names was free for the volume`,
  'volume.error': (d: {snapshot: string; tries: number}) =>
    `EC2 could not make a volume of ${d.snapshot} in ${d.tries} tries; if it is encrypted, may this instance use its key?`,
  'volume.gone': (d: {volume: string}) => `${d.volume} does not exist any more`,
  'volume.limit': (d: {cause: string}) => `the account's volume limit is reached: ${d.cause}`,
  'volume.stuck': (d: {volume: string; state: string; seconds: number}) =>
    `${d.volume} stays ${d.state} for more than ${d.seconds} s`,
  'volumes.left': (d: {count: number; volume: string; cause: string}) =>
    `${d.count === 1 ? '1 volume is' : `${d.count} volumes are`} left, ${d.volume} because ${d.cause}`,
  'volume.zone': (d: {volume: string; zone: string}) =>
    `${d.volume} is not in ${d.zone}, the zone of this instance`,

  // git
  'git.auth-refused': (d: {remote: string; cause: string}) =>
    `${d.remote} refuses the credentials: ${d.cause}`,
  'git.credentials': (d: {file: string; expected: string; got: string}) =>
    `the credential file ${d.file} is not usable: expected ${d.expected}, got ${d.got}`,
  'git.exact-refused': (d: {remote: string; revision: string}) =>
    `${d.remote} does not give single revisions (${d.revision}): it must speak git protocol 2 or allow uploadpack.allowAnySHA1InWant`,
  'git.failed': (d: {action: string; cause: string}) => `git ${d.action} failed: ${d.cause}`,
  'git.group': (d: {group: string; cause: string}) =>
    `releases cannot be given to the group ${d.group} (install.git.group): ${d.cause}`,
  'git.lfs': (d: {revision: string; path: string}) =>
    `${d.revision} uses git LFS (${d.path}), which is not installed from: its files would be pointers`,
  'git.mirror-corrupt': (d: {cause: string}) =>
    `the local mirror of the git repository is damaged: ${d.cause}`,
  'git.not-held': (d: {remote: string; revision: string; refs: string}) =>
    `${d.revision} is not in the history of ${d.refs} of ${d.remote}: merge it there, or let install.git.refs name what has it`,
  'git.not-a-commit': (d: {revision: string; type: string}) => `${d.revision} is a ${d.type}, not a commit`,
  'git.object-format': (d: {remote: string; revision: string}) =>
    `${d.remote} does not use the object format of ${d.revision} (40 digits: SHA-1, 64 digits: SHA-256)`,
  'git.objects-refused': (d: {revision: string; cause: string}) =>
    `${d.revision} holds objects that git refuses as unsafe: ${d.cause}`,
  'git.remote-damaged': (d: {remote: string; cause: string}) =>
    `${d.remote} answers, but its repository is damaged (git fsck there tells more): ${d.cause}`,
  'git.revision-missing': (d: {remote: string; revision: string}) =>
    `${d.remote} does not have ${d.revision}`,
  'git.signature': (d: {revision: string; cause: string}) =>
    `the signature of ${d.revision} is not accepted: ${d.cause}`,
  'git.stalled': (d: {remote: string; seconds: number}) =>
    `the transfer from ${d.remote} stalled and was stopped after ${d.seconds} s`,
  'git.submodule': (d: {revision: string; path: string}) =>
    `${d.revision} has a submodule (${d.path}), which is not installed: it would be an empty folder`,
  'git.unreachable': (d: {remote: string; cause: string}) => `${d.remote} does not answer: ${d.cause}`,
  'git.unsigned': (d: {revision: string}) =>
    `${d.revision} has no signature of a kind that this host is configured to check`,

  // traffic
  'traffic.hidden': (d: {adapter: string; cause: string}) =>
    `it gets no traffic through ${d.adapter}: ${d.cause}`,
  'traffic.failed': (d: {adapter: string; action: string; cause: string}) =>
    `${d.adapter}: could not ${d.action} traffic: ${d.cause}`,
  'traffic.slow': (d: {adapter: string; action: string; seconds: number; hint: string}) =>
    `${d.adapter} has not answered for ${d.seconds} s, asked to ${d.action} traffic: ${d.hint}`,

  'drain.busy': (d: {connections: number; peers: string}) =>
    `the drain waits for ${d.connections === 1 ? '1 connection' : `${d.connections} connections`}: ${d.peers}`,
  'drain.counter': (d: {counter: string; seconds: number}) =>
    `the counter ${d.counter} does not answer a number: the drain takes its whole ${d.seconds} s`,
  'drain.settling': (d: {seconds: number}) =>
    `it waits ${d.seconds} s for those who send requests to notice that it left traffic (traffic.settle)`,
  'drain.unseen': (d: {port: number; cause: string}) =>
    `the connections to port ${d.port} cannot be seen: ${d.cause}. The drain takes its whole time; a traffic.drain.counter would tell`,

  // activation
  'activate.failed': (d: {cause: string}) => `activation failed: ${d.cause}`,
  'activate.timeout': (d: {seconds: number}) => `activation was not done after ${d.seconds} s`,
  'script.failed': (d: {script: string; status: string; output: string}) =>
    `the script ${d.script} ended with ${d.status}${d.output === '' ? '' : `: ${d.output}`}`,
  'script.timeout': (d: {script: string; seconds: number; output: string}) =>
    `the script ${d.script} was stopped after ${d.seconds} s${d.output === '' ? '' : `; its last line: ${d.output}`}`,
  'script.missing': (d: {script: string}) =>
    `the release has no script ${d.script}, which the configuration names`,
  'unit.failed': (d: {unit: string; cause: string}) => `the unit ${d.unit} did not start: ${d.cause}`,

  // health
  'gate.failed': (d: {probe: string; seconds: number; last: string; volume?: string}) =>
    `the health gate ${d.probe} did not pass in ${d.seconds} s; last answer: ${d.last}${d.volume === 'cold' ? COLD : ''}`,
  'health.failed': (d: {probe: string; last: string}) =>
    `the application does not pass its probes: ${d.probe}: ${d.last}`,
  'bake.failed': (d: {probe: string; last: string}) => `it failed while baking: ${d.probe}: ${d.last}`,

  // the host itself
  'journal.unwritable': (d: {since: string; cause: string}) =>
    `the journal cannot be written since ${d.since}: ${d.cause}`,
  'phase.late': (d: {phase: string}) => `${d.phase} took too long`,
  'crash.recovered': (d: {phase: string}) => `the agent stopped while ${d.phase}`,
  'state.unknown': (d: {detail: string}) => `the journal and the host do not agree: ${d.detail}`,
  'rollback.failed': (d: {cause: string}) => `the previous release does not come back either: ${d.cause}`,
  'rollback.nothing': (d: {cause: string}) => `there is no previous release to go back to: ${d.cause}`,
  'child.failed': (d: {command: string; cause: string}) => `${d.command}: ${d.cause}`,
  'child.timeout': (d: {command: string; seconds: number}) => `${d.command} was stopped after ${d.seconds} s`,
  'config.invalid': (d: {problems: string}) => `the configuration is not usable: ${d.problems}`,
  'control.busy': (d: {path: string}) => `another agent answers on ${d.path}: stop it first`,
  'control.look-only': (d: {verb: string; path: string}) =>
    `this socket only tells how the host is: "${d.verb}" is asked on ${d.path}, by root (sudo) or the group release-agent-operators`,
  'control.request': (d: {expected: string; got: string}) =>
    `the request is not understood: expected ${d.expected}, got ${d.got}`,
  'control.socket': (d: {path: string; cause: string}) =>
    `the control socket ${d.path} cannot be opened: ${d.cause}`,
  unexpected: (d: {cause: string}) => `unexpected error: ${d.cause}`,
} as const;

export type ReasonKind = keyof typeof TEXTS;
export type ReasonDetails<K extends ReasonKind> = Parameters<(typeof TEXTS)[K]>[0] extends infer D
  ? D extends object
    ? D
    : Record<string, never>
  : never;

/** A reason as data: it travels through journal, store and control socket as JSON. */
export interface Reason {
  readonly kind: ReasonKind;
  readonly details: Readonly<Record<string, string | number>>;
}

/** Makes a reason of one kind with its details. */
export const reason = <K extends ReasonKind>(kind: K, details: ReasonDetails<K>): Reason => ({kind, details});

/** The one text of a reason, without a full stop. Details come from outside as well: each is on one line, and not endless. */
export const reasonText = ({kind, details}: Reason): string => {
  const shown = Object.entries(details).map(([name, value]) => [
    name,
    typeof value === 'string' ? printable(value, DETAIL_LIMIT) : value,
  ]);
  return (TEXTS[kind] as (d: never) => string)(Object.fromEntries(shown) as never);
};

const DETAIL_LIMIT = 2_000;

/** True when the kind is one of ours: for reasons read from a journal or a store. */
export const isReasonKind = (kind: string): kind is ReasonKind => Object.hasOwn(TEXTS, kind);
