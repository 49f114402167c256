/**
 * The hat one agent wears to hand out permits. Any agent can; losing it costs nothing, and two at once cannot grant too
 * much: every grant is a compare-and-set of the whole ledger.
 */

import {type Ledger, readLedger} from '../../core/fleet/ledger.ts';
import type {Missing} from '../../core/fleet/members.ts';
import {listedBy} from '../../core/fleet/names.ts';
import {ledgerText} from '../../core/fleet/packed/ledger-text.ts';
import type {FleetView, Plan, Restored} from '../../core/fleet/plan.ts';
import type {Keys} from '../../core/keys.ts';
import {type ReasonKind, reasonText} from '../../core/reason.ts';
import {ReasonError, reasonOf} from '../../core/reason-error.ts';
import type {Clock} from '../../host/clock.ts';
import type {Log, Presence, Store} from '../../ports.ts';
import type {Telling} from '../telling/telling.ts';
import {type Announcement, createAnnouncement} from './announce.ts';
import {createRinging, type Ringing} from './call/ringing.ts';
import {createTurning, type Turning} from './call/turning.ts';
import {callHolders, type WrittenLedger} from './call/wake.ts';
import {createMembership, type Membership} from './membership.ts';
import {planNow} from './plan-now.ts';
import {createRecording, type Recording} from './recording.ts';
import {createRestores, type Restores} from './restores.ts';
import {createFleetWatch, type FleetWatch} from './watch.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly instance: string;
  /** the `coordinator` key, held by one agent at a time */
  readonly hat: Presence;
  /** what EC2 says of an instance: its state, `absent` or `unknown`; `none` without EC2 */
  readonly ec2State: (instance: string, signal: AbortSignal) => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
  /** begins to tell people what happens to the fleet; not there when nobody listens */
  readonly tell?: (() => Telling) | undefined;
  /** told what it sees of the fleet, and null when the hat is lost */
  readonly glance?: (view: FleetView | null) => void;
}

const RETRY_MS = 2_000;
/** a store that is away is tried ever more slowly, up to this many times the pause */
const FAILURES = 9;
const LOOK_EVERY_MS = 30_000;
/** while a host is missing, which EC2 is asked about, or has not turned round yet, or a restored store is told what it forgot */
const MISSING_EVERY_MS = 10_000;
const CAS_TRIES = 5;

/** Tries to wear the hat, and plans while it does, until the signal is aborted. */
export const coordinate = async (parts: Parts, signal: AbortSignal): Promise<void> => {
  let off = new AbortController();
  let told: ReasonKind | null = null;
  let failures = 0;
  const restores = createRestores(parts);
  parts.hat.onLost(() => off.abort());
  while (!signal.aborted) {
    try {
      off = new AbortController();
      await dropOwnHat(parts, signal);
      if (await parts.hat.set(parts.instance, signal)) await wear({...parts, restores}, off, signal);
      else await untilVacant(parts, signal);
      told = null;
      failures = 0;
    } catch (error) {
      const cause = reasonOf(error);
      if (!signal.aborted && cause.kind !== told)
        parts.log.warning(`no permits from here: ${reasonText(cause)}`);
      told = cause.kind;
      failures = Math.min(failures + 1, FAILURES);
    }
    await parts.clock.sleep(RETRY_MS * (1 + failures) * parts.clock.random(), signal);
  }
};

// One agent runs per host: a hat that this host holds already is its own dead process's, and need not expire first.
const dropOwnHat = async ({store, keys, instance, hat}: Parts, signal: AbortSignal): Promise<void> => {
  if (hat.held()) return;
  const entry = await store.get(keys.coordinator, signal);
  if (entry?.value === instance) await store.delete(keys.coordinator, {version: entry.version}, signal);
};

const untilVacant = async ({store, keys}: Parts, signal: AbortSignal): Promise<void> => {
  for await (const update of store.watch(keys.coordinator, signal)) {
    if (update.type === 'value' && update.entries.length === 0) return;
  }
};

const wear = async (
  parts: Parts & {readonly restores: Restores},
  off: AbortController,
  signal: AbortSignal,
): Promise<void> => {
  const {log} = parts;
  log.info('this host coordinates the rollout now');
  const worn = AbortSignal.any([signal, off.signal]);
  const fleet = createFleetWatch(parts, worn);
  const membership = createMembership(parts);
  const turning = createTurning(parts);
  const recording = createRecording(parts);
  const ringing = createRinging(parts);
  const announcement = createAnnouncement(parts);
  const telling = parts.tell?.();
  let timeoutMs = LOOK_EVERY_MS;
  try {
    await ringHolders(parts, worn);
    while (!worn.aborted) {
      await fleet.changed({timeoutMs}, worn);
      if (worn.aborted) break;
      timeoutMs = await planOnce(
        {...parts, fleet, membership, turning, recording, ringing, announcement, telling},
        worn,
      );
    }
  } catch (error) {
    const cause = reasonOf(error);
    // hosts that wait look at the notice only
    if (cause.kind === 'store.document') await announcement.blocked(cause, worn);
    throw error;
  } finally {
    off.abort();
    parts.glance?.(null);
    await telling?.end();
    if (!signal.aborted) log.info('another host may coordinate the rollout now');
  }
};

// A coordinator that died between its grant and the call left someone asleep.
const ringHolders = async (parts: Parts, signal: AbortSignal): Promise<void> => {
  const {ledger, version} = await current(parts, signal);
  if (version !== null) await callHolders(parts, {ledger, version, permits: ledger.permits}, signal);
};

type View = NonNullable<ReturnType<FleetWatch['view']>>;

type Planning = Parts & {
  readonly fleet: FleetWatch;
  readonly membership: Membership;
  readonly restores: Restores;
  readonly turning: Turning;
  readonly recording: Recording;
  readonly ringing: Ringing;
  readonly announcement: Announcement;
  readonly telling: Telling | undefined;
};

/** Plans once, and has what came of it done. Gives how long until the next look, ms, if nothing happens before. */
const planOnce = async (parts: Planning, signal: AbortSignal): Promise<number> => {
  const view = parts.fleet.view();
  if (!view) return LOOK_EVERY_MS;
  for (let tries = 0; tries < CAS_TRIES && !signal.aborted; tries += 1) {
    const planned = await writeNext(parts, view, signal);
    if (planned) return afterwards(parts, view, planned, signal);
  }
  return MISSING_EVERY_MS;
};

interface Planned {
  readonly next: Plan;
  readonly now: number;
  readonly missing: readonly Missing[];
  readonly gone: ReadonlySet<string>;
  readonly restored: Restored | null;
  /** the ledger as it is in the store; null while there is none */
  readonly written: WrittenLedger | null;
}

/** Writes the next ledger, when there is something new, and calls who got a permit. Null when somebody else wrote it meanwhile. */
const writeNext = async (parts: Planning, view: View, signal: AbortSignal): Promise<Planned | null> => {
  const {log, restores} = parts;
  const {ledger, version} = await current(parts, signal);
  const now = parts.clock.now();
  const holders = ledger.permits.map(({host}) => host);
  const sighting = {hosts: view.hosts, holders, rollout: ledger.rollout?.version ?? null, now};
  const {members, gone} = await parts.membership.note(sighting, signal);
  const {missing} = members;
  const restored = restores.note({ledger, now});
  const next = await planNow(parts, {...view, ledger, missing, gone, restored, now}, signal);
  const value = ledgerText(next.ledger);
  const planned = {next, now, missing, gone, restored};
  if (value === ledgerText(ledger)) return {...planned, written: version === null ? null : {ledger, version}};
  const expected = version === null ? ('absent' as const) : {version};
  const put = await parts.store.put(parts.keys.ledger, value, expected, signal);
  if (!put.ok) return null;
  const written = {ledger: next.ledger, version: put.version};
  restores.note({ledger: next.ledger, now});
  if (grantsText(next.ledger) !== grantsText(ledger)) log.info(grantsText(next.ledger));
  await callHolders(parts, {...written, permits: next.granted}, signal);
  return {...planned, written};
};

const afterwards = async (
  parts: Planning,
  view: View,
  planned: Planned,
  signal: AbortSignal,
): Promise<number> => {
  const {next, now, missing, gone, written} = planned;
  const {ledger} = next;
  await parts.announcement.ledger(ledger, signal);
  await parts.recording.note({...view, ledger, now}, signal);
  const deaf = written ? await parts.ringing.again(written, view.hosts, signal) : 0;
  const waited = missing.length + deaf + (await parts.turning.wake(ledger, view.hosts, signal));
  const seen = {...view, ledger, missing, gone, now};
  parts.glance?.(seen);
  await parts.telling?.note(seen, signal);
  return lookAgainMs(planned, waited);
};

const lookAgainMs = ({next: {lookAt}, restored, now}: Planned, waited: number): number => {
  const isRecovering = restored !== null && now < restored.until;
  const everyMs = waited > 0 || isRecovering ? MISSING_EVERY_MS : LOOK_EVERY_MS;
  return lookAt === null ? everyMs : Math.min(everyMs, Math.max(0, lookAt - now));
};

const current = async ({store, keys}: Parts, signal: AbortSignal) => {
  const entry = await store.get(keys.ledger, signal);
  const reading = readLedger(entry?.value ?? null);
  if (!reading.ok) throw new ReasonError(reading.cause);
  return {ledger: reading.value, version: entry?.version ?? null};
};

const grantsText = ({permits, blocked}: Ledger): string => {
  const out = listedBy(permits.toReversed(), ({host, fence}) => `${host} (${fence})`);
  return `permits out: ${out === '' ? 'none' : `${permits.length}: ${out}`}${blocked ? `; nobody else: ${reasonText(blocked)}` : ''}`;
};
