/** The shape of a journalled state, checked when it is read back. */
import * as v from 'valibot';
import {momentSchema as at, countSchema as count, reasonSchema} from '../core/document.ts';
import type {State} from '../core/host/state.ts';
import {parseRelease, RELEASE_EXPECTED, releaseId} from '../core/release.ts';

const text = v.string();
const purpose = v.picklist(['boot', 'update', 'rollback']);
const result = v.picklist(['done', 'rolled-back', 'unused', 'stuck']);

// Both become parts of paths and arguments of programs.
const release = v.pipe(
  v.variant('kind', [
    v.object({kind: v.literal('ebs'), snapshot: text}),
    v.object({kind: v.literal('git'), revision: text}),
    v.object({kind: v.literal('archive'), url: text, sha256: text}),
  ]),
  v.check(found => parseRelease(releaseId(found))?.kind === found.kind, RELEASE_EXPECTED),
);
const slot = v.pipe(text, v.regex(/^[a-z0-9][a-z0-9-]{0,99}$/));
const activation = v.object({generation: count, release, slot});
const attempt = v.object({
  purpose,
  target: activation,
  version: text,
  tries: count,
  cause: v.nullable(reasonSchema),
  result,
  quick: v.exactOptional(v.boolean()),
});
const amount = v.union([v.object({count}), v.object({percent: count})]);

const common = {
  generation: count,
  active: v.nullable(activation),
  previous: v.nullable(activation),
  desired: v.nullable(
    v.object({
      release,
      version: text,
      message: v.exactOptional(text),
      by: v.exactOptional(text),
      share: v.exactOptional(amount),
      force: v.exactOptional(v.array(text)),
    }),
  ),
  refusal: v.nullable(reasonSchema),
  hold: v.nullable(v.object({by: text, note: text, at})),
  rejected: v.nullable(v.object({release, version: text, cause: reasonSchema, at, retryAt: v.nullable(at)})),
  out: v.boolean(),
  strange: v.boolean(),
  permit: v.nullable(count),
  outcome: v.nullable(
    v.object({fence: count, result, release, version: text, cause: v.nullable(reasonSchema)}),
  ),
  begun: v.nullable(v.object({version: text, count, restarts: v.optional(count, 0)})),
  cut: v.array(text),
  stuck: count,
  since: at,
};

const blocked = v.nullable(reasonSchema);

const state = v.variant('phase', [
  v.object({...common, phase: v.literal('booting'), blocked, tries: count}),
  v.object({...common, phase: v.literal('staging'), blocked, attempt}),
  v.object({...common, phase: v.literal('waiting'), blocked, attempt}),
  v.object({...common, phase: v.literal('draining'), step: v.picklist(['leaving', 'measuring']), attempt}),
  v.object({...common, phase: v.literal('activating'), attempt}),
  v.object({...common, phase: v.literal('gating'), attempt}),
  v.object({...common, phase: v.literal('rejoining'), blocked, attempt}),
  v.object({...common, phase: v.literal('baking'), attempt}),
  v.object({...common, phase: v.literal('serving')}),
  v.object({...common, phase: v.literal('rolling-back'), blocked, attempt}),
  v.object({...common, phase: v.literal('held'), cause: reasonSchema}),
]) satisfies v.GenericSchema<unknown, State>;

/** One journal: which instance and which boot of it wrote it, and the state it was in. `sequence` grows, `sum` is of all the rest. */
export const journalSchema = v.object({
  format: v.literal(1),
  instance: text,
  boot: text,
  sequence: count,
  state,
  sum: text,
});
