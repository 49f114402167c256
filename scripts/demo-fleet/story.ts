import process from 'node:process';
import type {StatusReport} from '../../agent/control/protocol.ts';
import {run} from '../../agent/host/process/process.ts';
import {DATABASE, type Edition} from './application.ts';
import {AGENTCTL, type Fleet, type Goal} from './fleet.ts';
import {isSettled} from './releases.ts';
import {makeRepository, type Repository} from './repository.ts';
import type {View} from './view.ts';

interface Stage {
  readonly fleet: Fleet;
  readonly view: View;
}

const BOOT_MS = 60_000;
const ROLL_MS = 120_000;
const TAKE_BACK_MS = 90_000;
const AGENTCTL_MS = 20_000;

/** Boots release 1, rolls 2, and has 3 taken back. Throws as soon as something is not as it should be. */
export const tellStory = async ({fleet, view}: Stage, signal: AbortSignal): Promise<void> => {
  const {hosts, balancer, load} = fleet;
  const stage = {fleet, view, repository: await makeRepository(fleet.repository, signal)};

  view.heading('Three hosts boot. Release 1 is asked for.');
  const first = await ask(stage, {release: 1, database: DATABASE}, signal);
  fleet.start();
  await fleet.until(allServe(hosts.length, first, BOOT_MS), signal);
  expectLeaves(balancer.leaves(), {what: 'while the fleet boots', count: 0});

  view.heading('Clients begin to send requests. Release 2 is asked for.');
  load.start(balancer.url);
  const second = await ask(stage, {release: 2, database: DATABASE}, signal);
  await fleet.until(allServe(hosts.length, second, ROLL_MS), signal);
  expectLeaves(balancer.leaves(), {what: 'while release 2 rolls', count: hosts.length});

  view.heading('Release 3 is asked for. Its database has a misspelt name: it will never be healthy.');
  const third = await ask(stage, {release: 3, database: 'odrers'}, signal);
  await fleet.until(tookBack(hosts.length, {bad: third, good: second}), signal);
  const left = balancer.leaves().slice(hosts.length);
  expectLeaves(left, {what: 'while release 3 is tried', count: 1});
  if (load.answers().has('3')) throw new Error('expected no client to see release 3, but it answered some');

  for (const host of hosts.filter(({name}) => left.includes(name))) {
    view.heading(`What "agentctl why" says on ${host.name}:`);
    for (const line of (await why(host.socket, signal)).split('\n'))
      view.note(`  ${fleet.releases.inWords(line)}`.trimEnd());
  }
};

const ask = async (
  {fleet, view, repository}: Stage & {readonly repository: Repository},
  edition: Edition,
  signal: AbortSignal,
): Promise<string> => {
  const revision = await repository.commit(edition, signal);
  fleet.releases.name(revision, `release ${edition.release}`);
  await fleet.ask(revision);
  view.event('operator', `asks for release ${edition.release}:`);
  view.note(`            echo ${revision} > ${fleet.desired}`);
  return revision;
};

const allServe = (count: number, release: string, timeoutMs: number): Goal => ({
  what: `${count} hosts to serve the release`,
  done: reports => reports.filter(report => isSettled(report) && runs(report, release)).length === count,
  timeoutMs,
});

/** One host tried it and serves the good one again; the others keep the good one and are told to wait. */
const tookBack = (count: number, {bad, good}: {readonly bad: string; readonly good: string}): Goal => ({
  what: 'one host to take the release back, and the others to be halted',
  done: reports => {
    const tried = reports.filter(report => report.rejected?.release === bad && isSettled(report));
    const halted = reports.filter(({serving, reason}) => serving && reason?.kind === 'permit.halted');
    return tried.length === 1 && halted.length === count - 1 && reports.every(report => runs(report, good));
  },
  timeoutMs: TAKE_BACK_MS,
});

const runs = ({active}: StatusReport, release: string): boolean => active?.release === release;

const expectLeaves = (
  left: readonly string[],
  {what, count}: {readonly what: string; readonly count: number},
) => {
  if (left.length === count && new Set(left).size === count) return;
  const got = left.length === 0 ? 'none' : left.join(', ');
  throw new Error(`expected ${count} of the hosts to leave traffic once ${what}, got ${got}`);
};

const why = async (socket: string, signal: AbortSignal): Promise<string> => {
  const args = [AGENTCTL, 'why', '--socket', socket];
  return (await run(process.execPath, args, {timeoutMs: AGENTCTL_MS}, signal)).stdout;
};
