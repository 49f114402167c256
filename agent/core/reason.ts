/**
 * Why something happened or does not. One kind, one text: log, `STATUS=`, `agentctl` and metric labels share it.
 * To add a reason, add its line to `TEXTS`; its details become typed from the text's parameter.
 */
const TEXTS = {
  // what operators asked for
  'desired.refused': (d: {expected: string; got: string}) =>
    `the desired release is refused: expected ${d.expected}, got ${d.got}`,
  'desired.missing': (d: {key: string}) => `no release is asked for: the key ${d.key} is not there`,
  'release.kind-not-configured': (d: {kind: string; section: string}) =>
    `this host has no [${d.section}] in its configuration, which a release of the kind ${d.kind} needs`,
  'release.rejected-here': (d: {release: string; cause: string}) =>
    `${d.release} was tried here and taken back: ${d.cause}. A new desired release or "agentctl retry" tries again`,
  'operator.hold': (d: {by: string; note: string}) => `held by ${d.by}: ${d.note}`,
  'operator.rollback': (d: {by: string}) => `${d.by} asked for the previous release`,

  // the store
  'store.unreachable': (d: {store: string; cause: string}) =>
    `the store ${d.store} does not answer: ${d.cause}`,
  'store.refused': (d: {store: string; cause: string}) =>
    `the store ${d.store} refuses the request: ${d.cause}`,
  'store.document': (d: {key: string; expected: string; got: string}) =>
    `the document ${d.key} is not readable: expected ${d.expected}, got ${d.got}`,

  // waiting for a permit
  'permit.waiting': (d: {ahead: number}) =>
    d.ahead > 0
      ? `staged and waiting for a permit: ${d.ahead} before this host`
      : 'staged and waiting for a permit',
  'permit.concurrency': (d: {out: number; limit: number; holders: string}) =>
    `${d.out} of ${d.limit} permits are out (${d.holders})`,
  'permit.floor': (d: {serving: number; floor: number}) =>
    `${d.serving} hosts serve and ${d.floor} must: one less would go below the capacity floor`,
  'permit.halted': (d: {failures: number; budget: number; release: string}) =>
    `the rollout of ${d.release} is halted: it failed on ${d.failures} hosts and the failure budget is ${d.budget}`,
  'permit.frozen': (d: {note: string}) => `the fleet is frozen: ${d.note}`,
  'permit.no-coordinator': () => 'no coordinator answers yet: the store does not say who grants permits',

  // staging
  'stage.failed': (d: {cause: string}) => `staging failed: ${d.cause}`,
  'stage.timeout': (d: {seconds: number}) => `staging was not done after ${d.seconds} s`,

  // traffic
  'traffic.failed': (d: {adapter: string; action: string; cause: string}) =>
    `${d.adapter}: could not ${d.action} traffic: ${d.cause}`,
  'drain.deadline': (d: {seconds: number; peers: string}) =>
    `the drain ended at its deadline of ${d.seconds} s; cut: ${d.peers}`,

  // activation
  'activate.failed': (d: {cause: string}) => `activation failed: ${d.cause}`,
  'activate.timeout': (d: {seconds: number}) => `activation was not done after ${d.seconds} s`,
  'script.failed': (d: {script: string; status: string; output: string}) =>
    `the script ${d.script} ended with ${d.status}${d.output === '' ? '' : `: ${d.output}`}`,
  'script.timeout': (d: {script: string; seconds: number}) =>
    `the script ${d.script} was stopped after ${d.seconds} s`,
  'script.missing': (d: {script: string}) =>
    `the release has no script ${d.script}, which the configuration names`,
  'unit.failed': (d: {unit: string; cause: string}) => `the unit ${d.unit} did not start: ${d.cause}`,

  // health
  'gate.failed': (d: {probe: string; seconds: number; last: string}) =>
    `the health gate ${d.probe} did not pass in ${d.seconds} s; last answer: ${d.last}`,
  'bake.failed': (d: {probe: string; last: string}) => `it failed while baking: ${d.probe}: ${d.last}`,

  // the host itself
  'crash.recovered': (d: {phase: string}) => `the agent stopped while ${d.phase}`,
  'state.unknown': (d: {detail: string}) => `the journal and the host do not agree: ${d.detail}`,
  'rollback.failed': (d: {cause: string}) => `the previous release does not come back either: ${d.cause}`,
  'rollback.nothing': (d: {cause: string}) => `there is no previous release to go back to: ${d.cause}`,
  'child.failed': (d: {command: string; cause: string}) => `${d.command}: ${d.cause}`,
  'child.timeout': (d: {command: string; seconds: number}) => `${d.command} was stopped after ${d.seconds} s`,
  'config.invalid': (d: {problems: string}) => `the configuration is not usable: ${d.problems}`,
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

/** The one text of a reason, without a full stop. */
export const reasonText = ({kind, details}: Reason): string =>
  (TEXTS[kind] as (d: never) => string)(details as never);

/** True when the kind is one of ours: for reasons read from a journal or a store. */
export const isReasonKind = (kind: string): kind is ReasonKind => Object.hasOwn(TEXTS, kind);
