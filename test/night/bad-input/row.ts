/** What a row of the table says, and how it is tried. */
import type {Test} from 'tap';
import type {ReasonKind} from '../../../agent/core/reason.ts';
import {report} from '../../lab/instance/agents.ts';
import type {Published} from '../../lab/instance/in-service.ts';
import {eventually} from '../../support/eventually.ts';
import {listen, silent} from '../told.ts';
import type {Lane} from './lane.ts';

export interface Row {
  readonly name: string;
  /** Does the bad thing; gives the release that it is about. */
  readonly trigger: (lane: Lane) => Promise<Published> | Promise<void>;
  /** The kind in `agentctl status --json`, and what every place says; `{release}` and `{short}` stand for the release's id, `…` for any text. */
  readonly reason: {readonly kind: ReasonKind; readonly text: string};
  /** What happens to the application until it is mended: nothing; it was replaced out of traffic and is back; it cannot run. */
  readonly application?: 'untouched' | 'replaced' | 'away';
  /** Takes the cause away. Without it the operator asks for a good release. */
  readonly mend?: (lane: Lane, bad: Published | undefined) => Promise<void>;
  /** what must run afterwards: the release itself, or what ran before; a good one that is asked for when nothing is said */
  readonly afterwards?: 'itself' | 'before';
  /** the agent is another process afterwards: only where its start is what the row is about */
  readonly restarts?: true;
  /** leaves the host as it was found, also when the row failed */
  readonly cleanup?: (lane: Lane) => Promise<unknown>;
}

const TOLD_MS = 90_000;

/** Tries one row: the reason in all four places, what must be true meanwhile, recovery once the cause is gone. */
export const tryRow = async (t: Test, lane: Lane, row: Row): Promise<void> => {
  try {
    await rowOn(t, lane, row);
  } finally {
    await row.cleanup?.(lane);
  }
};

const rowOn = async (t: Test, lane: Lane, row: Row): Promise<void> => {
  const {instance} = lane;
  const before = lane.served();
  const [application, agent, say] = await Promise.all([
    lane.application(),
    instance.pidOfAgent(),
    listen(instance),
  ]);
  const bad = (await row.trigger(lane)) ?? undefined;
  await toldEverywhere(t, lane, {row, bad, say});
  const isUntouched = (row.application ?? 'untouched') === 'untouched';
  if (row.application === 'replaced') await lane.settled(t, before, 'the release before is back in service');
  if (isUntouched) t.equal(await lane.application(), application, 'the application was not touched');
  const after = await mend(lane, {row, bad, before});
  await lane.settled(t, after, 'in service once it is mended, nothing left behind');
  if (isUntouched && row.afterwards === 'before')
    t.equal(await lane.application(), application, 'nor was the application touched then');
  await quiet(t, lane);
  if (!row.restarts) t.equal(await instance.pidOfAgent(), agent, 'by the same agent');
};

interface Telling {
  readonly row: Row;
  readonly bad: Published | undefined;
  readonly say: Awaited<ReturnType<typeof listen>>;
}

const toldEverywhere = async (t: Test, {instance}: Lane, {row, bad, say}: Telling): Promise<void> => {
  const began = performance.now();
  const text = row.reason.text.replaceAll('{release}', bad?.id ?? '').replaceAll('{short}', shortOf(bad));
  const escaped = text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&').replaceAll('\\\\', '\\\\?');
  const pattern = new RegExp(escaped.replaceAll('…', '.*?'));
  let [missing, kinds]: [readonly string[], readonly string[]] = [['all'], []];
  const isTold = async () => {
    const [places, status] = await Promise.all([say(), report(instance)]);
    missing = silent(places, pattern);
    kinds = [status?.reason?.kind, status?.refusal?.kind].filter(kind => kind !== undefined);
    return missing.length === 0 && kinds.includes(row.reason.kind);
  };
  const what = `log, STATUS=, status and why say "${text}"`;
  await eventually(what, isTold, {timeoutMs: TOLD_MS, everyMs: 200}).catch(() => undefined);
  t.same(missing, [], `${what} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  t.match(kinds.join(), row.reason.kind, 'the kind of the reason');
};

const shortOf = (bad: Published | undefined): string =>
  bad === undefined || bad.id.startsWith('snap-') ? (bad?.id ?? '') : bad.id.slice(0, 12);

interface Mending {
  readonly row: Row;
  readonly bad: Published | undefined;
  readonly before: Published;
}

const mend = async (lane: Lane, {row, bad, before}: Mending): Promise<Published> => {
  await row.mend?.(lane, bad);
  if (row.afterwards === 'before') return before;
  if (row.afterwards !== 'itself') return lane.good();
  if (bad === undefined) throw new Error(`"${row.name}" gives no release`);
  return bad;
};

/** Nobody says any more that something is wrong. */
const quiet = async (t: Test, {instance}: Lane): Promise<void> => {
  let said: unknown = 'nothing yet';
  const isQuiet = async () => {
    const status = await report(instance);
    const {stdout} = await instance.exec([
      'systemctl',
      'show',
      '--property=StatusText',
      '--value',
      'release-agentd',
    ]);
    const short = status?.active && shortOf({id: status.active.release, release: {name: ''}});
    said = {reason: status?.reason, refusal: status?.refusal, STATUS: stdout.trim()};
    return status?.reason === null && status.refusal === null && stdout.trim() === `serving ${short}`;
  };
  const calm = await eventually('calm', isQuiet, {timeoutMs: 20_000, everyMs: 200}).catch(() => false);
  t.ok(calm, 'status and STATUS= are calm again', calm ? {} : {found: said});
};
