import * as v from 'valibot';
import {countSchema, momentSchema} from '../core/document.ts';
import {PHASES} from '../core/host/state.ts';
import type {
  FleetReport,
  HistoryEntry,
  Response,
  Results,
  Running,
  StatusReport,
  Told,
  Verb,
} from './protocol.ts';

// A newer agent may say more than this agentctl knows: unknown names are dropped, missing ones are an error.
const told: v.GenericSchema<unknown, Told> = v.object({kind: v.string(), text: v.string()});
const running: v.GenericSchema<unknown, Running> = v.object({release: v.string(), generation: countSchema});
const phase = v.picklist(PHASES);

const fleet: v.GenericSchema<unknown, FleetReport> = v.object({
  proven: v.nullable(v.string()),
  previous: v.nullable(v.string()),
  rollout: v.nullable(v.object({release: v.string(), version: v.string()})),
  permits: v.array(v.object({host: v.string(), release: v.string(), since: momentSchema})),
  failures: v.array(v.object({host: v.string(), text: v.string()})),
  blocked: v.nullable(told),
});

const status: v.GenericSchema<unknown, StatusReport> = v.object({
  agent: v.string(),
  instance: v.string(),
  zone: v.string(),
  app: v.string(),
  channel: v.string(),
  role: v.string(),
  phase,
  purpose: v.nullable(v.picklist(['boot', 'update', 'rollback'])),
  step: v.string(),
  since: momentSchema,
  now: momentSchema,
  serving: v.boolean(),
  active: v.nullable(running),
  previous: v.nullable(running),
  target: v.nullable(running),
  desired: v.nullable(
    v.object({
      release: v.string(),
      version: v.string(),
      message: v.exactOptional(v.string()),
      by: v.exactOptional(v.string()),
    }),
  ),
  reason: v.nullable(told),
  refusal: v.nullable(told),
  hold: v.nullable(v.object({by: v.string(), note: v.string(), at: momentSchema})),
  permit: v.nullable(countSchema),
  out: v.boolean(),
  cut: v.array(v.string()),
  rejected: v.nullable(v.object({release: v.string(), text: v.string(), at: momentSchema})),
  store: v.object({name: v.string(), ok: v.boolean(), text: v.nullable(v.string())}),
  fleet: v.nullable(fleet),
});

const history: v.GenericSchema<unknown, readonly HistoryEntry[]> = v.array(
  v.object({
    at: momentSchema,
    text: v.string(),
    phase,
    release: v.nullable(v.string()),
    generation: countSchema,
  }),
);

const RESULTS: {readonly [V in Verb]: v.GenericSchema<unknown, Results[V]>} = {
  status,
  history,
  metrics: v.string(),
  hold: v.string(),
  resume: v.string(),
  rollback: v.string(),
  retry: v.string(),
  leave: v.boolean(),
  resolve: v.string(),
  desired: v.object({
    version: v.nullable(v.string()),
    release: v.nullable(v.string()),
    by: v.exactOptional(v.string()),
    message: v.exactOptional(v.string()),
    share: v.exactOptional(v.union([v.number(), v.string()])),
  }),
  deploy: v.string(),
};

/** Reads the agent's response to a verb. Throws a plain error that says what is not as it should be. */
export const readResponse = <V extends Verb>(verb: V, json: string): Response<V> => {
  const value: unknown = JSON.parse(json);
  const refusal = v.safeParse(v.object({ok: v.literal(false), refusal: told}), value);
  if (refusal.success) return refusal.output;
  const read = v.safeParse(v.object({ok: v.literal(true), value: RESULTS[verb]}), value);
  if (read.success) return read.output as Response<V>;
  const [issue] = read.issues;
  throw new Error(
    `${v.getDotPath(issue) ?? 'the response'}: expected ${issue.expected}, got ${issue.received}`,
  );
};
