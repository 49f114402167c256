import type {StatusReport} from '../../agent/control/protocol.ts';
import type {Edition} from './application.ts';
import {type Fleet, type Goal, ZONES} from './fleet.ts';
import {createOperator, type Operator} from './operator.ts';
import {isSettled} from './releases.ts';
import {makeRepository, type Repository} from './repository.ts';
import type {View} from './view.ts';

interface Stage {
  readonly fleet: Fleet;
  readonly view: View;
  readonly repository: Repository;
  readonly operator: Operator;
}

const BOOT_MS = 60_000;
const SETTLE_MS = 30_000;
/** How `agentctl watch --until steady` ends. */
const PROVEN = 0;
const TAKEN_BACK = 5;

const POLICY = {concurrency: 2, floor: '50%', waves: ['canary', '50%'], bake: '2s', onFailure: 'revert'};

/** Boots release 1, rolls 2 in waves, and has the fleet take 3 back. Throws as soon as something is not as it should be. */
export const tellStory = async (
  {fleet, view}: Pick<Stage, 'fleet' | 'view'>,
  signal: AbortSignal,
): Promise<void> => {
  const {hosts, balancer, load, releases} = fleet;
  const operator = createOperator(fleet.store);
  const stage = {fleet, view, operator, repository: await makeRepository(fleet.repository, signal)};

  view.heading(
    'Six hosts in three zones boot; host-1 is the canary. Release 1 is asked for: a key in the store.',
  );
  const first = await commit(stage, {release: 1, cacheIn: null}, signal);
  await echo(stage, fleet.desired, first);
  fleet.start();
  await fleet.until(allServe(hosts.length, first, BOOT_MS), signal);
  expectLeft(balancer.leaves(), {what: 'while the fleet boots', from: 0, to: 0});

  view.heading(
    'Clients begin to send requests. Release 2 is deployed: to the canary, to half of the fleet, to all.',
  );
  load.start(balancer.url);
  await echo(stage, fleet.policy, JSON.stringify(POLICY));
  const second = await commit(stage, {release: 2, cacheIn: null}, signal);
  await deploy(stage, second, 'a faster checkout', signal);
  await watch(stage, PROVEN, signal);
  await fleet.until(allServe(hosts.length, second, SETTLE_MS), signal);
  expectLeft(balancer.leaves(), {what: 'while release 2 rolls', from: hosts.length, to: hosts.length});

  view.heading(
    `Release 3 is deployed. It wants a cache that only ${ZONES[0]}, the zone of the canary, has: elsewhere it passes its health gate and fails in traffic.`,
  );
  const before = balancer.leaves().length;
  const third = await commit(stage, {release: 3, cacheIn: [ZONES[0]]}, signal);
  await deploy(stage, third, 'carts from the cache', signal);
  await watch(stage, TAKEN_BACK, signal);
  await fleet.until(allServe(hosts.length, second, SETTLE_MS), signal);
  // the canary, and the wave in which it failed
  expectLeft(balancer.leaves().slice(before), {
    what: 'while release 3 is tried',
    from: 2,
    to: hosts.length / 2,
  });

  for (const args of [['fleet'], ['history', '--rollout', '3']]) {
    view.heading(`What "agentctl ${args.join(' ')}" says:`);
    for (const line of (await operator.agentctl(args, signal)).trimEnd().split('\n'))
      view.note(`  ${releases.inWords(line)}`.trimEnd());
  }
};

const commit = async ({fleet, repository}: Stage, edition: Edition, signal: AbortSignal): Promise<string> => {
  const revision = await repository.commit(edition, signal);
  fleet.releases.name(revision, `release ${edition.release}`);
  return revision;
};

const echo = async ({fleet, view}: Stage, file: string, value: string): Promise<void> => {
  await fleet.write(file, value);
  view.event('operator', `echo '${value}' > ${file}`);
};

const deploy = async (
  stage: Stage,
  revision: string,
  message: string,
  signal: AbortSignal,
): Promise<void> => {
  stage.view.event('operator', `agentctl deploy ${revision} --message "${message}"`);
  await stage.operator.agentctl(['deploy', revision, '--message', message, '--yes'], signal);
};

const watch = async ({fleet, view, operator}: Stage, wanted: number, signal: AbortSignal): Promise<void> => {
  view.event('operator', 'agentctl watch --until steady');
  const watched = operator.watch(line => view.event('fleet', fleet.releases.inWords(line)), signal);
  let code: number | null | undefined;
  const ended = watched.then(given => {
    code = given;
  });
  await fleet.until(
    {what: 'the rollout to end', done: () => code !== undefined, timeoutMs: WATCH_MS},
    signal,
  );
  await ended;
  if (code !== wanted) throw new Error(`expected "agentctl watch" to end with ${wanted}, got ${code}`);
};

const WATCH_MS = 150_000;

const allServe = (count: number, release: string, timeoutMs: number): Goal => ({
  what: `${count} hosts to serve the release`,
  done: reports => reports.filter(report => isSettled(report) && runs(report, release)).length === count,
  timeoutMs,
});

const runs = ({active}: StatusReport, release: string): boolean => active?.release === release;

const expectLeft = (
  left: readonly string[],
  {what, from, to}: {readonly what: string; readonly from: number; readonly to: number},
): void => {
  const hosts = new Set(left);
  if (hosts.size >= from && hosts.size <= to) return;
  const got = left.length === 0 ? 'none' : [...hosts].join(', ');
  throw new Error(`expected ${from} to ${to} hosts to leave traffic ${what}, got ${got}`);
};
