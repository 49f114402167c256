/** One run: a scenario lived through, watched, and told of. */
import {createHash} from 'node:crypto';
import {EMPTY_LEDGER, type Ledger, type Permit} from '../../agent/core/fleet/ledger.ts';
import {watchEnding} from './ending.ts';
import {ended, launch} from './fleet/life.ts';
import {createWorld, type World} from './fleet/world.ts';
import {INVARIANTS} from './invariants/all.ts';
import {calm} from './scenario/calm.ts';
import {happen, OPERATOR} from './scenario/happen.ts';
import {releaseOf} from './scenario/parts.ts';
import type {Scenario} from './scenario/scenario.ts';

export interface Result {
  readonly scenario: Scenario;
  /** the name of the state it ended in; null when it did not end */
  readonly end: string | null;
  readonly violations: readonly string[];
  readonly events: number;
  /** simulated, ms */
  readonly ms: number;
  readonly requests: number;
  readonly bytes: number;
  /** of everything that was traced, in order */
  readonly hash: string;
}

interface Options {
  /** told of each thing that happens: ms since the begin, the instance or '', what */
  readonly onTrace?: (at: number, who: string, text: string) => void;
  /** gets the world before anything happens in it */
  readonly onBegin?: (world: World) => void;
}

const LOOK_MS = 5_000;
const ENDING_EVERY_MS = 10_000;
/** A run that has not ended so long after the calm does not end. */
const LIMIT_MS = 6 * 3_600_000;

/** Lives through a scenario, until it ends or a promise is broken. */
export const runScenario = async (scenario: Scenario, {onTrace, onBegin}: Options = {}): Promise<Result> => {
  Error.stackTraceLimit = 0; // every operation that ends is an abort, whose error nobody looks at
  const hash = createHash('sha256');
  const violations: string[] = [];
  let lines = '';
  const trace = (who: string, text: string): void => {
    const at = world.timeline.now();
    lines += `${at} ${who} ${text}\n`;
    if (lines.length > 10_000) {
      hash.update(lines);
      lines = '';
    }
    onTrace?.(at, who, text);
  };
  const world: World = createWorld(scenario, {trace, agentEnded: ended});
  const fail = (name: string, text: string): void => {
    trace('', `!! ${name}: ${text}`);
    violations.push(`${name}: ${text}`);
  };
  for (const [name, invariant] of Object.entries(INVARIANTS))
    world.onEvent(invariant(world, text => fail(name, text)));
  tellWrites(world);
  onBegin?.(world);
  begin(world);
  const end = await live(world, violations, fail);
  hash.update(lines);
  const links = [...world.machines.values()].map(({link}) => link.cost);
  return {
    scenario,
    end,
    violations,
    events: world.timeline.events(),
    ms: world.timeline.now(),
    requests: links.reduce((sum, {requests}) => sum + requests, 0),
    bytes: links.reduce((sum, {bytes}) => sum + bytes, 0),
    hash: hash.digest('hex').slice(0, 16),
  };
};

const live = async (
  world: World,
  violations: readonly string[],
  fail: (name: string, text: string) => void,
): Promise<string | null> => {
  const {timeline, scenario} = world;
  const ending = watchEnding(world);
  let end: string | null = null;
  let lookAt = scenario.calmAt + ENDING_EVERY_MS;
  await timeline.run(() => {
    if (violations.length > 0 || end !== null) return true;
    if (timeline.now() < lookAt) return false;
    lookAt = timeline.now() + ENDING_EVERY_MS;
    const {name, faults} = ending();
    end = name;
    for (const fault of faults) fail('ending', fault);
    if (end === null && timeline.now() > scenario.calmAt + LIMIT_MS) fail('ending', 'it does not end');
    return end !== null || violations.length > 0;
  });
  return end;
};

/** Operators ask for the first release, instances are launched, and what the scenario says is put on the timeline. */
const begin = (world: World): void => {
  const {scenario, server, keys, timeline} = world;
  server.put({key: keys.desired, value: releaseOf(0), expected: 'any', by: OPERATOR});
  for (let n = 0; n < scenario.hosts; n += 1) launch(world);
  for (const happening of scenario.happenings) timeline.after(happening.at, () => happen(world, happening));
  timeline.after(scenario.calmAt, () => calm(world));
  const look = (): void => {
    sweep(world);
    timeline.after(LOOK_MS, look);
  };
  look();
};

/** Sessions that nobody renews end, and agents notice what they lost. */
const sweep = ({server, timeline, machines}: World): void => {
  const now = timeline.now();
  if (server.health === 'up')
    for (const session of server.sessions()) {
      if (session.isRenewed()) session.seenAt = now;
      else if (now - session.seenAt > session.lastsMs) server.end(session);
    }
  for (const {agent} of machines.values()) if (agent?.isAlive) agent.store.look();
};

const tellWrites = (world: World): void => {
  const {server, keys} = world;
  const given = new Set<string>();
  const isNew = ({host, fence}: Permit): boolean =>
    !given.has(`${host} ${fence}`) && given.add(`${host} ${fence}`).size > 0;
  server.onWrite(({key, value, by}, before) => {
    if (key === keys.ledger) {
      const after: Ledger = JSON.parse(value);
      const old: Ledger = before ? JSON.parse(before.value) : EMPTY_LEDGER;
      const granted = after.permits.filter(
        permit => isNew(permit) && world.machines.get(permit.host)?.state?.permit !== permit.fence,
      );
      world.tell({type: 'ledger', by, before: old, after, granted});
    } else if (key.startsWith(keys.hosts)) world.tell({type: 'status', status: JSON.parse(value)});
  });
  server.onRestore(() => world.tell({type: 'restored'}));
};
